"""Receives audio with aiortc: the counterpart of `rtccost receive`, line by line."""

import argparse
import asyncio
import sys

import aiohttp
import aioice.ice
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from stream.video.sfu.event_pb2 import SfuEvent, SfuRequest
from stream.video.sfu.models_pb2 import PEER_TYPE_SUBSCRIBER
from stream.video.sfu.signal_pb2 import SendAnswerRequest, SendAnswerResponse

HEALTH_CHECK_SECONDS = 5
JOINS_AT_ONCE = 4
PATIENCE_SECONDS = 120

# aioice leaves loopback out.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]


class Listener:
    """One peer connection that decodes one track."""

    frames = 0

    def __init__(self, http, number):
        self.http = http
        self.number = number
        self.session_id = f"session-{number}"
        self.started = asyncio.Event()
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.peer.on("track", lambda track: self.spawn(self.drain(track)))
        self.tasks = []

    def spawn(self, work):
        self.tasks.append(asyncio.create_task(work))

    async def join(self, url, call):
        async with self.http.post(
            f"{url}/api/v2/video/call/default/{call}/join",
            params={"api_key": "key", "user_id": f"listener-{self.number}"},
            json={},
        ) as response:
            credentials = (await response.json(content_type=None))["credentials"]
        self.rpc_url = credentials["server"]["url"]
        self.headers = {"Authorization": credentials["token"], "Content-Type": "application/protobuf"}
        self.socket = await self.http.ws_connect(credentials["server"]["ws_endpoint"])
        request = SfuRequest()
        request.join_request.token = credentials["token"]
        request.join_request.session_id = self.session_id
        await self.socket.send_bytes(request.SerializeToString())
        self.spawn(self.listen())
        self.spawn(self.stay())
        await self.started.wait()

    async def listen(self):
        async for message in self.socket:
            event = SfuEvent.FromString(message.data)
            if event.HasField("subscriber_offer"):
                await self.answer(event.subscriber_offer)

    async def stay(self):
        request = SfuRequest()
        request.health_check_request.SetInParent()
        while True:
            await self.socket.send_bytes(request.SerializeToString())
            await asyncio.sleep(HEALTH_CHECK_SECONDS)

    async def answer(self, offer):
        await self.peer.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
        await self.peer.setLocalDescription(await self.peer.createAnswer())
        request = SendAnswerRequest(
            session_id=self.session_id,
            peer_type=PEER_TYPE_SUBSCRIBER,
            sdp=self.peer.localDescription.sdp,
            negotiation_id=offer.negotiation_id,
        )
        url = f"{self.rpc_url}/stream.video.sfu.signal.SignalServer/SendAnswer"
        async with self.http.post(url, data=request.SerializeToString(), headers=self.headers) as response:
            answer = SendAnswerResponse.FromString(await response.read())
        if answer.HasField("error"):
            raise RuntimeError(f"SendAnswer: {answer.error}")

    async def drain(self, track):
        while True:
            await track.recv()
            Listener.frames += 1
            self.started.set()

    async def leave(self):
        for task in self.tasks:
            task.cancel()
        request = SfuRequest()
        request.leave_call_request.session_id = self.session_id
        await self.socket.send_bytes(request.SerializeToString())
        await self.peer.close()


async def lines():
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-url", required=True)
    parser.add_argument("-count", type=int, required=True)
    parser.add_argument("-calls", type=int, required=True)
    arguments = parser.parse_args()
    commands = await lines()
    print("open", flush=True)
    if not await commands.readline():
        return
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        listeners = [Listener(http, number) for number in range(arguments.count)]
        tickets = asyncio.Semaphore(JOINS_AT_ONCE)

        async def join(listener):
            async with tickets:
                await listener.join(arguments.url, f"call-{listener.number % arguments.calls}")

        await asyncio.wait_for(asyncio.gather(*map(join, listeners)), PATIENCE_SECONDS)
        print("ready", flush=True)
        while await commands.readline():
            print(Listener.frames, flush=True)
        await asyncio.gather(*(listener.leave() for listener in listeners))


asyncio.run(main())
