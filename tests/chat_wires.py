"""How the servers of chat models write their answers: OpenAI's and Ollama's."""

import json
import re
from typing import Any

Body = dict[str, Any]
Messages = list[dict[str, str]]


def pieces(text: str) -> list[str]:
    """A text in the small pieces that models send: words, and parts of long ones."""
    return re.findall(r"\S{1,12}\s*|\s+", text)


def chunk(content: bytes) -> bytes:
    """A chunk as HTTP sends it; the empty one is the last, so that hanging up can be told."""
    return b"%x\r\n%s\r\n" % (len(content), content)


class _Wire:
    """One request, and what is common to the ways to answer it."""

    streams_unasked: bool

    def __init__(self, request: Body) -> None:
        self.request = request
        self.streams = bool(request.get("stream", self.streams_unasked))
        self.messages = [
            {"role": message["role"], "content": _plain(message["content"])}
            for message in request["messages"]
        ]
        self.prompt_tokens = sum(len(each["content"].split()) for each in self.messages)


class OpenAIWire(_Wire):
    """Events, the last of which says that it is done."""

    streamed_type = "text/event-stream"
    garbled = b'data: {"choices": [{"delta": {"cont\n\n'
    streams_unasked = False

    def piece(self, text: str, finish: str | None = None) -> bytes:
        delta = {"role": "assistant", "content": text}
        return self._event(choices=[{"index": 0, "delta": delta, "finish_reason": finish}])

    def end(self, finish: str, tokens: int) -> bytes:
        counts_tokens = (self.request.get("stream_options") or {}).get("include_usage")
        usage = self._event(choices=[], usage=self._usage(tokens)) if counts_tokens else b""
        return self.piece("", finish) + usage + b"data: [DONE]\n\n"

    def whole(self, text: str, finish: str, tokens: int) -> Body:
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": finish}
        return self._object("chat.completion", choices=[choice], usage=self._usage(tokens))

    def error(self, message: str, status: int) -> Body:
        kind = "server_error" if status >= 500 else "invalid_request_error"
        return {"error": {"message": message, "type": kind, "param": None, "code": None}}

    def _event(self, **content: Any) -> bytes:
        return f"data: {json.dumps(self._object('chat.completion.chunk', **content))}\n\n".encode()

    def _object(self, kind: str, **content: Any) -> Body:
        return {"id": "c", "object": kind, "created": 1, "model": self.request["model"], **content}

    def _usage(self, tokens: int) -> dict[str, int]:
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": tokens,
            "total_tokens": self.prompt_tokens + tokens,
        }


class OllamaWire(_Wire):
    """Lines of JSON, the last of which says that it is done."""

    streamed_type = "application/x-ndjson"
    garbled = b'{"message": {"role": "assistant", "cont\n'
    streams_unasked = True

    def piece(self, text: str) -> bytes:
        return json.dumps(self._object(text, done=False)).encode() + b"\n"

    def end(self, finish: str, tokens: int) -> bytes:
        return json.dumps(self.whole("", finish, tokens)).encode() + b"\n"

    def whole(self, text: str, finish: str, tokens: int) -> Body:
        reason = finish if finish == "length" else "stop"  # it filters nothing
        counts = {"prompt_eval_count": self.prompt_tokens, "eval_count": tokens}
        return self._object(text, done=True, done_reason=reason, total_duration=1, **counts)

    def error(self, message: str, status: int) -> Body:
        return {"error": message}

    def _object(self, text: str, **content: Any) -> Body:
        message = {"role": "assistant", "content": text}
        created = "2026-01-01T00:00:00.000000Z"
        return {"model": self.request["model"], "created_at": created, "message": message} | content


def _plain(content: str | list[dict[str, str]]) -> str:
    """The text of a message, which OpenAI's clients may send in parts."""
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


Wire = OpenAIWire | OllamaWire
WIRES: dict[str, type[OpenAIWire] | type[OllamaWire]] = {
    "/v1/chat/completions": OpenAIWire,
    "/api/chat": OllamaWire,
}
