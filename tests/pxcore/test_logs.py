"""Logs show no secret, not even inside a traceback."""

from loguru import logger

from pxcore.logs import log_to, mask


def test_secret_and_token_are_masked_in_messages_and_tracebacks(tmp_path):
    path = tmp_path / "a.log"
    log_to(path, level="INFO", secrets=("s3cret-key",))
    logger.info("key s3cret-key, wss://host/hubs/user?access_token=eyJhbGciOi.abc-_x")
    try:
        raise ValueError("refused: Bearer eyJhbGciOi.abc and s3cret-key")
    except ValueError as error:
        logger.opt(exception=error).error("failed")
    text = path.read_text()
    logger.remove()
    assert "s3cret-key" not in text and "eyJhbGciOi" not in text
    assert "ValueError" in text and "access_token=***" in text


def test_mask_leaves_other_text_alone():
    assert mask("flat, 3 trades", ("key",)) == "flat, 3 trades"
