import pytest

from tests.faults.trace import Call, calls


def the_call(*lines: str) -> Call:
    (found,) = calls(lines)
    return found


def test_a_write_tells_its_file_and_what_was_written() -> None:
    call = the_call(r'71 write(19<socket:[25]>, "250 a \"b\"\r\n\0\1779", 12) = 12')
    assert (call.pid, call.name, call.path) == (71, "write", "socket:[25]")
    assert call.data == b'250 a "b"\r\n\x00\x7f9'
    assert call.writes


def test_a_file_that_is_made_tells_its_path_by_its_result() -> None:
    call = the_call('7 openat(AT_FDCWD</w>, "p/a.pack", O_WRONLY|O_CREAT, 0600) = 5</w/p/a.pack>')
    assert (call.path, call.creates, call.result) == ("/w/p/a.pack", True, 5)


def test_a_call_that_resumes_is_one_call() -> None:
    call = the_call("7 fsync(4</w/a-wal> <unfinished ...>", "7 <... fsync resumed>) = 0")
    assert (call.path, call.syncs, call.begun, call.ended) == ("/w/a-wal", True, 0, 1)


def test_calls_of_threads_that_interleave_are_kept_apart() -> None:
    found = list(
        calls(
            [
                "7 fsync(4</a> <unfinished ...>",
                "8 fdatasync(5</b> <unfinished ...>",
                "7 <... fsync resumed>) = 0",
                "8 <... fdatasync resumed>) = -1 EIO (Input/output error) (INJECTED)",
            ]
        )
    )
    assert [(call.pid, call.path, call.syncs) for call in found] == [
        (7, "/a", True),
        (8, "/b", False),
    ]


def test_a_failed_sync_of_a_file_loses_something_and_that_of_a_folder_does_not() -> None:
    failed = " = -1 EIO (Input/output error) (INJECTED)"
    assert the_call(f"7 fdatasync(4</w/a.pack>){failed}").loses
    assert not the_call(f"7 fsync(4</w/packs>){failed}").loses


@pytest.mark.parametrize(
    "line",
    [
        "7 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED} ---",
        "7 +++ exited with 0 +++",
        "7 exit_group(0) = ?",
        "",
        "strace: Process 7 attached",
    ],
)
def test_other_lines_are_no_calls(line: str) -> None:
    assert list(calls([line])) == []
