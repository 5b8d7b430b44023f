/*
 * Stands before the compiler's <stdatomic.h> where the engine is compiled for model.c: every atomic operation
 * of src/ becomes a call, which is a step of the model. Only what src/ uses is here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MODEL_STDATOMIC_H
#define MODEL_STDATOMIC_H

#include <stddef.h>
#include <stdint.h>

#define ATOMIC_INT_LOCK_FREE 2
#define ATOMIC_LLONG_LOCK_FREE 2

typedef enum {
    memory_order_relaxed,
    memory_order_consume,
    memory_order_acquire,
    memory_order_release,
    memory_order_acq_rel,
    memory_order_seq_cst
} memory_order;

uint64_t model_load(const volatile void *at, size_t size, memory_order order);
void model_store(volatile void *at, size_t size, uint64_t value, memory_order order);
uint64_t model_exchange(volatile void *at, size_t size, uint64_t value, memory_order order);
/* 1 if *at was `expected` and became `desired`; else 0 and *expected is what was seen. */
int model_swap(volatile void *at, size_t size, uint64_t *expected, uint64_t desired, memory_order success,
               memory_order failure, int weak);
void model_fence(memory_order order);

#define MODEL_OF_TYPE(name, type)                                                                       \
    static inline type model_load_##name(const volatile _Atomic type *at, memory_order order)           \
    {                                                                                                   \
        return (type)model_load(at, sizeof(type), order);                                               \
    }                                                                                                   \
    static inline void model_store_##name(volatile _Atomic type *at, type value, memory_order order)    \
    {                                                                                                   \
        model_store(at, sizeof(type), (uint64_t)value, order);                                          \
    }                                                                                                   \
    static inline type model_exchange_##name(volatile _Atomic type *at, type value, memory_order order) \
    {                                                                                                   \
        return (type)model_exchange(at, sizeof(type), (uint64_t)value, order);                          \
    }                                                                                                   \
    static inline int model_swap_##name(volatile _Atomic type *at, type *expected, type desired,        \
                                        memory_order success, memory_order failure, int weak)           \
    {                                                                                                   \
        uint64_t seen = (uint64_t)*expected;                                                            \
        int done = model_swap(at, sizeof(type), &seen, (uint64_t)desired, success, failure, weak);      \
        *expected = (type)seen;                                                                         \
        return done;                                                                                    \
    }

MODEL_OF_TYPE(word, uint64_t)
MODEL_OF_TYPE(half, uint32_t)
MODEL_OF_TYPE(flag, int)

/* Which of the three: by the type of the pointer. */
#define MODEL_PICK(at, what) \
    _Generic((at), _Atomic uint64_t *: what##_word, const _Atomic uint64_t *: what##_word, \
             _Atomic uint32_t *: what##_half, const _Atomic uint32_t *: what##_half, \
             volatile _Atomic int *: what##_flag)

#define atomic_load_explicit(at, order) MODEL_PICK(at, model_load)(at, order)
#define atomic_store_explicit(at, value, order) MODEL_PICK(at, model_store)(at, value, order)
#define atomic_exchange_explicit(at, value, order) MODEL_PICK(at, model_exchange)(at, value, order)
#define atomic_compare_exchange_weak_explicit(at, expected, desired, success, failure) \
    MODEL_PICK(at, model_swap)(at, expected, desired, success, failure, 1)
#define atomic_compare_exchange_strong_explicit(at, expected, desired, success, failure) \
    MODEL_PICK(at, model_swap)(at, expected, desired, success, failure, 0)
#define atomic_store(at, value) atomic_store_explicit(at, value, memory_order_seq_cst)
#define atomic_exchange(at, value) atomic_exchange_explicit(at, value, memory_order_seq_cst)
#define atomic_thread_fence(order) model_fence(order)

#endif
