/*
 * Allocations by offset: a treap (Aragon and Seidel, "Randomized Search Trees", 1989). By offset it is a search tree,
 * by a hash of the offset a heap: so its shape is that of a tree built in random order, whatever the order was.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "allocs.h"

#include <stdlib.h>

/* splitmix64's finalizer: a bijection, so no two are alike. */
static uint64_t priority(const spk_alloc_t *alloc)
{
    uint64_t value = (uint64_t)alloc->offset;

    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

spk_alloc_t *spk_allocs_at(spk_alloc_t *root, size_t offset)
{
    spk_alloc_t *found = NULL;

    while (root != NULL) {
        if (root->offset <= offset) {
            found = root;
            root = root->above;
        } else {
            root = root->below;
        }
    }
    return found;
}

static void split(spk_alloc_t *tree, size_t offset, spk_alloc_t **below, spk_alloc_t **above)
{
    while (tree != NULL) {
        if (tree->offset < offset) {
            *below = tree;
            below = &tree->above;
            tree = tree->above;
        } else {
            *above = tree;
            above = &tree->below;
            tree = tree->below;
        }
    }
    *below = *above = NULL;
}

/* All of `below` lies below all of `above`. */
static spk_alloc_t *join(spk_alloc_t *below, spk_alloc_t *above)
{
    spk_alloc_t *root = NULL, **at = &root;

    while (below != NULL && above != NULL) {
        if (priority(below) > priority(above)) {
            *at = below;
            at = &below->above;
            below = below->above;
        } else {
            *at = above;
            at = &above->below;
            above = above->below;
        }
    }
    *at = below != NULL ? below : above;
    return root;
}

int spk_allocs_add(spk_alloc_t **root, spk_block_t *block, size_t size)
{
    spk_alloc_t *added = malloc(sizeof *added);

    if (added == NULL) return 0;
    added->offset = spk_block_offset(block);
    added->size = size;
    added->block = block;
    while (*root != NULL && priority(*root) > priority(added))
        root = added->offset < (*root)->offset ? &(*root)->below : &(*root)->above;
    split(*root, added->offset, &added->below, &added->above);
    *root = added;
    return 1;
}

void spk_allocs_remove(spk_alloc_t **root, size_t offset)
{
    spk_alloc_t *removed;

    while (*root != NULL && (*root)->offset != offset)
        root = offset < (*root)->offset ? &(*root)->below : &(*root)->above;
    removed = *root;
    if (removed == NULL) return;
    *root = join(removed->below, removed->above);
    free(removed);
}

void spk_allocs_free(spk_alloc_t *root)
{
    while (root != NULL) spk_allocs_remove(&root, root->offset);
}
