from compjax.errors import EXIT_CODE, UserError


def test_exit_code_is_ex_dataerr():
    assert EXIT_CODE == 65


def test_message_is_the_line_shown():
    assert str(UserError("drums.wav: no such file")) == "drums.wav: no such file"
