/*
 * The messages of word_index, see word_index.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "word_index.h"

#include <apr_strings.h>
#include <string.h>

/* ---- writing: every call returns 0 or a failure --------------------------------------------------------- */

static int pack_text(msgpack_packer *packer, const char *text, apr_size_t size)
{
    return msgpack_pack_str(packer, size) || msgpack_pack_str_body(packer, text, size);
}

static int pack_key(msgpack_packer *packer, const char *key)
{
    return pack_text(packer, key, strlen(key));
}

int word_job_pack(msgpack_sbuffer *buffer, const word_job_t *job)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, buffer, msgpack_sbuffer_write);
    int bad = msgpack_pack_map(&packer, 2) || pack_key(&packer, "path") ||
              pack_text(&packer, job->path, strlen(job->path)) || pack_key(&packer, "only") ||
              msgpack_pack_array(&packer, (size_t)job->only->nelts);
    for (int i = 0; i < job->only->nelts && !bad; i++) {
        const word_t *word = &APR_ARRAY_IDX(job->only, i, word_t);
        bad = pack_text(&packer, word->text, word->size);
    }
    return !bad;
}

static int pack_place(msgpack_packer *packer, const word_place_t *place)
{
    return msgpack_pack_array(packer, 2) || msgpack_pack_uint64(packer, place->count) ||
           msgpack_pack_uint64(packer, place->line);
}

int word_found_pack(msgpack_sbuffer *buffer, const word_found_t *found, apr_pool_t *mem)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, buffer, msgpack_sbuffer_write);
    int bad = msgpack_pack_map(&packer, 4) || pack_key(&packer, "binary") ||
              (found->binary ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer)) ||
              pack_key(&packer, "words") || msgpack_pack_uint64(&packer, found->words) ||
              pack_key(&packer, "damaged") || msgpack_pack_uint64(&packer, found->damaged) ||
              pack_key(&packer, "index") || msgpack_pack_map(&packer, apr_hash_count(found->index));
    for (apr_hash_index_t *i = apr_hash_first(mem, found->index); i && !bad; i = apr_hash_next(i))
        bad = pack_text(&packer, apr_hash_this_key(i), (apr_size_t)apr_hash_this_key_len(i)) ||
              pack_place(&packer, apr_hash_this_val(i));
    return !bad;
}

/* ---- reading: nothing is believed that was not looked at ------------------------------------------------- */

static int is_key(const msgpack_object *key, const char *name)
{
    return key->type == MSGPACK_OBJECT_STR && key->via.str.size == strlen(name) &&
           memcmp(key->via.str.ptr, name, key->via.str.size) == 0;
}

/* The value of that name and type in a map, or NULL. */
static const msgpack_object *look_up(const msgpack_object *map, const char *name, msgpack_object_type type)
{
    if (map->type != MSGPACK_OBJECT_MAP) return NULL;
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *pair = &map->via.map.ptr[i];
        if (is_key(&pair->key, name)) return pair->val.type == type ? &pair->val : NULL;
    }
    return NULL;
}

static int unpack(msgpack_unpacked *message, const void *data, apr_size_t size)
{
    size_t end = 0;
    msgpack_unpacked_init(message);
    return msgpack_unpack_next(message, data, size, &end) == MSGPACK_UNPACK_SUCCESS && end == size;
}

static int read_job(word_job_t *job, const msgpack_object *message, apr_pool_t *mem)
{
    const msgpack_object *path = look_up(message, "path", MSGPACK_OBJECT_STR);
    const msgpack_object *only = look_up(message, "only", MSGPACK_OBJECT_ARRAY);
    if (path == NULL || only == NULL) return 0;
    job->path = apr_pstrmemdup(mem, path->via.str.ptr, path->via.str.size);
    job->only = apr_array_make(mem, (int)only->via.array.size + 1, sizeof(word_t));
    for (uint32_t i = 0; i < only->via.array.size; i++) {
        const msgpack_object *word = &only->via.array.ptr[i];
        if (word->type != MSGPACK_OBJECT_STR) return 0;
        const word_t text = { word->via.str.ptr, word->via.str.size };
        APR_ARRAY_PUSH(job->only, word_t) = text;
    }
    return 1;
}

int word_job_unpack(word_job_t *job, const void *data, apr_size_t size, apr_pool_t *mem)
{
    msgpack_unpacked message;
    const int good = unpack(&message, data, size) && read_job(job, &message.data, mem);
    msgpack_unpacked_destroy(&message);
    return good;
}

int word_found_open(word_reader_t *reader, const void *data, apr_size_t size)
{
    memset(reader, 0, sizeof *reader);
    if (!unpack(&reader->message, data, size)) return 0;
    const msgpack_object *binary = look_up(&reader->message.data, "binary", MSGPACK_OBJECT_BOOLEAN);
    const msgpack_object *words = look_up(&reader->message.data, "words", MSGPACK_OBJECT_POSITIVE_INTEGER);
    const msgpack_object *damaged =
        look_up(&reader->message.data, "damaged", MSGPACK_OBJECT_POSITIVE_INTEGER);
    const msgpack_object *index = look_up(&reader->message.data, "index", MSGPACK_OBJECT_MAP);
    if (!binary || !words || !damaged || !index) return 0;
    reader->head.binary = binary->via.boolean;
    reader->head.words = words->via.u64;
    reader->head.damaged = damaged->via.u64;
    reader->index = index->via.map;
    return 1;
}

int word_found_next(word_reader_t *reader, word_t *word, word_place_t *place)
{
    if (reader->at == reader->index.size) return 0;
    const msgpack_object_kv *pair = &reader->index.ptr[reader->at++];
    if (pair->key.type != MSGPACK_OBJECT_STR || pair->val.type != MSGPACK_OBJECT_ARRAY ||
        pair->val.via.array.size != 2)
        return -1;
    const msgpack_object *two = pair->val.via.array.ptr;
    if (two[0].type != MSGPACK_OBJECT_POSITIVE_INTEGER || two[1].type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        return -1;
    word->text = pair->key.via.str.ptr;
    word->size = pair->key.via.str.size;
    place->count = two[0].via.u64;
    place->line = two[1].via.u64;
    return 1;
}

void word_found_close(word_reader_t *reader)
{
    msgpack_unpacked_destroy(&reader->message);
}
