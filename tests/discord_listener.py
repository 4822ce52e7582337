"""Takes each HTTP request: notes it, fails it on purpose, checks token and limits, answers."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.discord_exchange import DiscordError, Exchange, Request, read_body
from tests.discord_faults import NO_FAULT, Fault, hang_up
from tests.discord_gateway import Gateway
from tests.discord_limits import Limits, Verdict
from tests.discord_rest import ROUTES, Answer
from tests.discord_world import World

BASE = "/api/v10"
WITHOUT_TOKEN = ("/interactions/", "/webhooks/")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Listener:
    """The REST side, as an application of aiohttp."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self.world, self.gateway = world, gateway
        self.requests: list[Request] = []
        self.downloads: list[Request] = []  # of attachments
        self.errors: list[Exception] = []  # the server's own
        self.faults: list[Fault] = []
        self.limits = Limits()

    def application(self) -> web.Application:
        application = web.Application(client_max_size=64 * 1024 * 1024)
        router = application.router
        for method, template, answer in ROUTES:
            router.add_route(method, BASE + template, self._handler(template, answer))
        router.add_get("/gateway", self._serve_gateway)
        router.add_get("/attachments/{id}/{name}", self._serve_attachment)
        router.add_route("*", BASE + "/{rest:.*}", self._handler("", _not_found))
        return application

    def _handler(self, template: str, answer: Answer) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            path = request.path.removeprefix(BASE)
            noted = Request(request.method, path, template or path, dict(request.query))
            self.requests.append(noted)
            try:
                await read_body(request, noted)
                return await self._carry_out(
                    request, noted, lambda: self._answer(request, noted, answer)
                )
            except DiscordError as error:
                return _reply(noted, error.status, error.body, {})
            except OSError:  # the bot left in the middle of its request
                return web.Response()
            except Exception as error:
                self.errors.append(error)
                raise

        return handle

    async def _carry_out(
        self, request: web.Request, noted: Request, apply: Callable[[], web.Response]
    ) -> web.Response:
        """Answer, unless there is a fault for it; nothing else happens between two awaits."""
        fault = next((f for f in self.faults if f.takes(noted.method, noted.path)), NO_FAULT)
        noted.on_purpose = bool(fault.status or fault.resets)
        if fault.status:
            return _reply(noted, fault.status, *fault.answer)
        response = apply() if fault.applied or not fault.resets else web.Response()
        if fault.seconds:
            await asyncio.sleep(fault.seconds)
        if fault.resets:
            noted.status = None
            hang_up(request)
        return response

    def _answer(self, request: web.Request, noted: Request, answer: Answer) -> web.Response:
        values = dict(request.match_info)
        verdict = self.limits.take(noted.method, noted.template, values)
        if verdict.retry_after is not None:
            return _reply(noted, 429, _refusal(verdict), verdict.headers)
        try:
            if not noted.template.startswith(WITHOUT_TOKEN):
                self._check_token(request)
            body = answer(Exchange(self.world, self.gateway, noted, values))
        except DiscordError as error:
            return _reply(noted, error.status, error.body, verdict.headers)
        return _reply(noted, 204 if body is None else 200, body, verdict.headers)

    def _check_token(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bot {self.world.token}":
            raise DiscordError(401, 0, "401: Unauthorized")

    async def _serve_gateway(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self.gateway.serve(request)
        except OSError:
            return web.Response()
        except Exception as error:
            self.errors.append(error)
            raise

    async def _serve_attachment(self, request: web.Request) -> web.Response:
        noted = Request(request.method, request.path, "", {})
        self.downloads.append(noted)
        return await self._carry_out(request, noted, lambda: self._file(noted))

    def _file(self, noted: Request) -> web.Response:
        attachment = self.world.attachments.get(int(noted.path.split("/")[2]))
        noted.status = 200 if attachment else 404
        if attachment is None:
            return web.Response(status=404)
        kind = attachment.content_type or "application/octet-stream"
        return web.Response(body=attachment.content, headers={"Content-Type": kind})


def _not_found(exchange: Exchange) -> Any:
    raise DiscordError(404, 0, "404: Not Found")


def _refusal(verdict: Verdict) -> dict[str, Any]:
    return {
        "message": "You are being rate limited.",
        "retry_after": round(verdict.retry_after or 0, 3),
        "global": verdict.is_global,
    }


def _reply(noted: Request, status: int, body: Any, headers: dict[str, str]) -> web.Response:
    noted.status = status
    headers = {"Via": "1.1 google", **headers}
    if status == 204:
        return web.Response(status=204, headers=headers)
    content = json.dumps(body).encode()
    return web.Response(
        status=status, body=content, headers=headers, content_type="application/json"
    )
