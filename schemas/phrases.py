"""How numbers and long texts are said to people."""


def counted(number: int, what: str) -> str:
    """`1 shard`, `2 shards`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def shortened(text: str, chars: int) -> str:
    """`text`, or its beginning with an ellipsis where that is longer than `chars` characters."""
    return text if len(text) <= chars else f"{text[: chars - 1]}…"
