/*
 * Contract: files that several processes append to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "actor.h"

#include <apr_env.h>
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <stdio.h>
#include <string.h>

#define PIECE 100
#define PIECES 400
#define FILE_IN_ENVIRONMENT "SPORK_TEST_APPEND"

static apr_pool_t *memory;
static char *path;

static int begin(void **state)
{
    const char *base;
    char *full;

    (void)state;
    if (apr_pool_create(&memory, NULL) != APR_SUCCESS || apr_temp_dir_get(&base, memory) != APR_SUCCESS ||
        apr_filepath_merge(&full, NULL, base, 0, memory) != APR_SUCCESS)
        return -1;
    path = apr_psprintf(memory, "%s/spork K\xc3\xb6ln %" APR_INT64_T_FMT, full, (apr_int64_t)spk_os_pid());
    (void)apr_file_remove(path, memory);
    return apr_env_set(FILE_IN_ENVIRONMENT, path, memory) == APR_SUCCESS ? 0 : -1;
}

static int end(void **state)
{
    apr_status_t status = apr_file_remove(path, memory);

    (void)state;
    apr_pool_destroy(memory);
    return status == APR_SUCCESS || APR_STATUS_IS_ENOENT(status) ? 0 : -1;
}

static char *content(void)
{
    apr_file_t *file;
    apr_finfo_t info;
    apr_size_t n;
    char *text;

    assert_int_equal(apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, memory), APR_SUCCESS);
    assert_int_equal(apr_file_info_get(&info, APR_FINFO_SIZE, file), APR_SUCCESS);
    n = (apr_size_t)info.size;
    text = apr_pcalloc(memory, n + 1);
    if (n > 0) assert_int_equal(apr_file_read_full(file, text, n, &n), APR_SUCCESS);
    assert_int_equal(apr_file_close(file), APR_SUCCESS);
    return text;
}

static void append(spk_os_handle_t file, const char *text)
{
    size_t written = 0;

    assert_int_equal(spk_os_append(file, text, strlen(text), &written), APR_SUCCESS);
    assert_int_equal(written, strlen(text));
}

static void what_is_appended_stands_at_the_end(void **state)
{
    spk_os_handle_t one, other;

    (void)state;
    assert_int_equal(spk_os_append_open(&one, path), APR_SUCCESS);
    assert_int_equal(spk_os_append_open(&other, path), APR_SUCCESS);
    assert_true(one.v != other.v);
    append(one, "a");
    append(other, "bc");
    append(one, "d");
    append(one, "");
    spk_os_append_close(&one);
    assert_int_equal(one.v, SPK_OS_NONE_V);
    append(other, "e");
    spk_os_append_close(&other);
    spk_os_append_close(&other);
    assert_int_equal(spk_os_append_open(&one, path), APR_SUCCESS); /* what was there stays */
    append(one, "f");
    spk_os_append_close(&one);
    assert_string_equal(content(), "abcdef");
}

static void the_end_of_a_line_is_known(void **state)
{
    spk_os_handle_t one, other;

    (void)state;
    assert_int_equal(spk_os_append_open(&one, path), APR_SUCCESS);
    assert_int_equal(spk_os_append_open(&other, path), APR_SUCCESS);
    assert_int_equal(spk_os_append_at_line(one), 1);
    append(other, "amid");
    assert_int_equal(spk_os_append_at_line(one), 0);
    append(one, "\n");
    assert_int_equal(spk_os_append_at_line(one), 1);
    assert_int_equal(spk_os_append_at_line(other), 1);
    append(one, "\nx"); /* asking has moved nothing */
    assert_string_equal(content(), "amid\n\nx");
    spk_os_append_close(&one);
    spk_os_append_close(&other);
    assert_int_equal(spk_os_append_at_line(one), 1);
}

static void what_cannot_be_is_an_error(void **state)
{
    static const spk_os_handle_t none = { SPK_OS_NONE_V };
    spk_os_handle_t file;
    apr_status_t status;
    size_t written = 7;

    (void)state;
    status = spk_os_append_open(&file, apr_pstrcat(memory, path, "/below", (char *)NULL));
    assert_true(status != APR_SUCCESS);
    assert_int_equal(file.v, SPK_OS_NONE_V);
    assert_int_equal(spk_os_append(none, "x", 1, &written), APR_EINVAL);
    assert_int_equal(written, 0);
    assert_int_equal(spk_os_append_stdio(none), APR_EINVAL);
}

static void holding_growth_may_be_nested(void **state)
{
    int outer, inner;

    (void)state;
    outer = spk_os_growth_hold();
    inner = spk_os_growth_hold();
    assert_int_equal(inner, 0); /* nothing more to hold */
    spk_os_growth_release(inner);
    spk_os_growth_release(outer);
    assert_int_equal(spk_os_growth_hold(), outer);
    spk_os_growth_release(outer);
}

/* ---- in other processes: number −1 prints, −2 appends pieces -------------------------------------------------- */

static void play(const spk_os_kit_t *kit, board_t *board, int64_t number)
{
    spk_os_handle_t file;
    char piece[PIECE];
    size_t written;
    apr_status_t status = apr_initialize();
    char *utf8 = NULL;

    (void)kit;
    if (status == APR_SUCCESS) status = apr_pool_create(&memory, NULL);
    if (status == APR_SUCCESS) status = apr_env_get(&utf8, FILE_IN_ENVIRONMENT, memory);
    if (status == APR_SUCCESS) status = spk_os_append_open(&file, utf8);
    if (status == APR_SUCCESS && number == -1) {
        status = spk_os_append_stdio(file);
        (void)printf("printed\n");
        (void)fflush(stdout);
        (void)fprintf(stderr, "complained\n");
    }
    memset(piece, (int)('a' + spk_os_pid() % 26), sizeof piece);
    piece[PIECE - 1] = '\n';
    for (int i = 0; status == APR_SUCCESS && number == -2 && i < PIECES; i++)
        status = spk_os_append(file, piece, sizeof piece, &written);
    atomic_store(&board->value[0], status);
}

static void start(stage_t *stage, spk_os_process_t *process, void **state, int64_t number)
{
    script_t script = { ACT_HOOK, ACT_HOOK, 0, number, 0 };

    assert_int_equal(stage_open(stage), APR_SUCCESS);
    atomic_store(&stage->board->value[0], -1);
    assert_int_equal(stage_start(stage, process, actor_by_fork(state), script), APR_SUCCESS);
}

static void finish(stage_t *stage, spk_os_process_t *process)
{
    spk_os_exit_t exit;

    assert_int_equal(stage_await_end(stage, process, &exit), 1);
    assert_int_equal(atomic_load(&stage->board->value[0]), APR_SUCCESS);
    spk_os_process_destroy(process);
    stage_close(stage);
}

static void standard_streams_go_there(void **state)
{
    stage_t stage;
    spk_os_process_t process;

    start(&stage, &process, state, -1);
    finish(&stage, &process);
    assert_string_equal(content(), "printed\ncomplained\n");
}

static void pieces_of_several_processes_stay_whole(void **state)
{
    stage_t stages[3];
    spk_os_process_t processes[3];
    const char *text;
    int lines = 0;

    for (int i = 0; i < 3; i++) start(&stages[i], &processes[i], state, -2);
    for (int i = 0; i < 3; i++) finish(&stages[i], &processes[i]);
    for (text = content(); *text != '\0'; text += PIECE, lines++) {
        assert_int_equal(strspn(text, (const char[]){ text[0], '\0' }), PIECE - 1);
        assert_int_equal(text[PIECE - 1], '\n');
    }
    assert_int_equal(lines, 3 * PIECES);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_appended_stands_at_the_end, begin, end),
        cmocka_unit_test_setup_teardown(the_end_of_a_line_is_known, begin, end),
        cmocka_unit_test_setup_teardown(what_cannot_be_is_an_error, begin, end),
        cmocka_unit_test(holding_growth_may_be_nested),
        { "standard_streams_go_there (fork)", standard_streams_go_there, begin, end, &actor_fork_state },
        { "standard_streams_go_there (spawn)", standard_streams_go_there, begin, end, &actor_spawn_state },
        { "pieces_of_several_processes_stay_whole (fork)", pieces_of_several_processes_stay_whole, begin, end,
          &actor_fork_state },
        { "pieces_of_several_processes_stay_whole (spawn)", pieces_of_several_processes_stay_whole, begin,
          end, &actor_spawn_state },
    };

    actor_hook = play;
    actor_begin(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
