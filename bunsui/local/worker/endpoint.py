"""Signed calls of AWS's JSON protocol to an endpoint: AWS itself or a stand-in."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import http.client
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

import orjson

from bunsui.core.models.base import JsonValue
from bunsui.errors import ConfigError, Unavailable
from bunsui.local.worker.aws_services import Service

SECONDS = 60.0


class ServiceError(Exception):
    """The service refused a call: its code, and what it said."""

    def __init__(self, code: str, message: str, status: int, request_id: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.request_id = request_id


class Endpoint:
    """An address and who calls it. Stand-ins take any credentials: without ours, made-up ones sign."""

    def __init__(self, url: str, environment: Mapping[str, str]) -> None:
        self._parts = urlsplit(url)
        if self._parts.scheme not in {"http", "https"} or not self._parts.hostname:
            raise ConfigError(
                f"The setting `integrations_endpoint` is no address: {url}",
                next_steps=["Give a URL such as http://127.0.0.1:4566"],
            )
        self._key = environment.get("AWS_ACCESS_KEY_ID", "local")
        self._secret = environment.get("AWS_SECRET_ACCESS_KEY", "local")
        self._token = environment.get("AWS_SESSION_TOKEN")
        self._region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"

    async def call(self, service: Service, action: str, parameters: JsonValue) -> JsonValue:
        """The answer of an operation. Raises ServiceError, Unavailable."""
        headers = {
            "content-type": f"application/x-amz-json-{service.version}",
            "x-amz-target": f"{service.target}.{action}",
        }
        return await self.post(service.signing, "/", headers, orjson.dumps(parameters))

    async def post(self, signing: str, path: str, headers: Mapping[str, str], body: bytes) -> JsonValue:
        """POST in a thread. Raises ServiceError, Unavailable."""
        signed = self._signed(signing, path, headers, body)
        try:
            return await asyncio.to_thread(self._send, path, signed, body)
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(
                f"The endpoint {self._parts.geturl()} cannot be reached: {error}",
                next_steps=["Start it, or correct the setting `integrations_endpoint`"],
            ) from error

    def _send(self, path: str, headers: Mapping[str, str], body: bytes) -> JsonValue:
        https = self._parts.scheme == "https"
        kind = http.client.HTTPSConnection if https else http.client.HTTPConnection
        connection = kind(self._parts.hostname or "", self._parts.port, timeout=SECONDS)
        try:
            connection.request("POST", self._parts.path.rstrip("/") + path, body, dict(headers))
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        answer = _json(text)
        if response.status >= 300:
            raise _refusal(answer, response)
        return answer

    def _signed(self, signing: str, path: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        """Signature Version 4 (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html)."""
        at = datetime.now(UTC)
        stamp, day = f"{at:%Y%m%dT%H%M%SZ}", f"{at:%Y%m%d}"
        all_headers = {**headers, "host": self._parts.netloc, "x-amz-date": stamp}
        if self._token:
            all_headers["x-amz-security-token"] = self._token
        names = sorted(all_headers)
        digest = hashlib.sha256(body).hexdigest()
        lines = "".join(f"{name}:{all_headers[name]}\n" for name in names)
        full_path = self._parts.path.rstrip("/") + path
        request = f"POST\n{full_path}\n\n{lines}\n{';'.join(names)}\n{digest}"
        scope = f"{day}/{self._region}/{signing}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = f"AWS4{self._secret}".encode()
        for part in (day, self._region, signing, "aws4_request", text):
            key = hmac.digest(key, part.encode(), "sha256")
        all_headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self._key}/{scope},"
            f" SignedHeaders={';'.join(names)}, Signature={key.hex()}"
        )
        return all_headers


def _json(text: bytes) -> JsonValue:
    try:
        value: JsonValue = orjson.loads(text) if text.strip() else {}
    except orjson.JSONDecodeError:
        return {"message": text.decode("utf-8", "replace")[:1000]}
    return value


def _refusal(answer: JsonValue, response: http.client.HTTPResponse) -> ServiceError:
    found = answer if isinstance(answer, dict) else {}
    header = response.getheader("x-amzn-errortype", "")
    code = str(found.get("__type") or header or f"Http{response.status}").partition(":")[0].rpartition("#")[2]
    message = str(found.get("message") or found.get("Message") or "")
    return ServiceError(code, message, response.status, response.getheader("x-amzn-requestid", ""))
