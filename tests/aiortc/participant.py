"""A participant made of aiortc: joins a call, plays a file into it, and records the first other one it hears.

Exits once it has recorded as much as it was asked for. The modules stream.video.sfu.* are written by protoc and must be
on the path.
"""

import argparse
import asyncio
import uuid
import wave

import aiohttp
import aioice.ice
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer
from stream.video.sfu.event_pb2 import SfuEvent, SfuRequest
from stream.video.sfu.models_pb2 import PEER_TYPE_SUBSCRIBER, TRACK_TYPE_AUDIO
from stream.video.sfu.signal_pb2 import (
    SendAnswerRequest,
    SendAnswerResponse,
    SetPublisherRequest,
    SetPublisherResponse,
    UpdateMuteStatesRequest,
    UpdateMuteStatesResponse,
)

HEALTH_CHECK_SECONDS = 5
SAMPLE_RATE = 48_000

# aioice leaves loopback out, where the whole test takes place.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]


class Participant:
    def __init__(self, http, arguments):
        self.http = http
        self.arguments = arguments
        self.session_id = str(uuid.uuid4())
        self.publisher = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.subscriber = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.recorded = asyncio.get_running_loop().create_future()
        self.subscriber.on("track", self.hear)

    async def run(self):
        credentials = await self.ask_coordinator()
        server = credentials["server"]
        self.rpc_url = server["url"]
        self.headers = {"Authorization": credentials["token"], "Content-Type": "application/protobuf"}
        async with self.http.ws_connect(server["ws_endpoint"]) as socket:
            await self.join(socket, credentials["token"])
            tasks = [asyncio.create_task(self.listen(socket)), asyncio.create_task(self.stay(socket))]
            try:
                await self.publish()
                await first_of(self.recorded, *tasks)
            finally:
                await self.leave(socket, tasks)

    async def ask_coordinator(self):
        """The credentials for the SFU."""
        a = self.arguments
        async with self.http.post(
            f"{a.url}/api/v2/video/call/default/{a.call}/join",
            params={"api_key": a.api_key},
            headers={"Authorization": a.token, "stream-auth-type": "jwt"},
            json={"location": "auto", "create": True},
        ) as response:
            answer = await response.json()
            if response.status != 201:
                raise RuntimeError(f"join: {response.status} {answer}")
            return answer["credentials"]

    async def join(self, socket, token):
        request = SfuRequest()
        request.join_request.token = token
        request.join_request.session_id = self.session_id
        await socket.send_bytes(request.SerializeToString())
        event = SfuEvent.FromString(await socket.receive_bytes())
        if event.WhichOneof("event_payload") != "join_response":
            raise RuntimeError(f"joined with {event}")

    async def listen(self, socket):
        async for message in socket:
            event = SfuEvent.FromString(message.data)
            if event.HasField("subscriber_offer"):
                await self.answer(event.subscriber_offer)
            elif event.HasField("error"):
                raise RuntimeError(f"{event.error}")
        raise RuntimeError("the SFU closed the socket")

    async def stay(self, socket):
        request = SfuRequest()
        request.health_check_request.SetInParent()
        while True:
            await socket.send_bytes(request.SerializeToString())
            await asyncio.sleep(HEALTH_CHECK_SECONDS)

    async def publish(self):
        track = MediaPlayer(self.arguments.play, loop=True).audio
        transceiver = self.publisher.addTransceiver(track, direction="sendonly")
        await self.publisher.setLocalDescription(await self.publisher.createOffer())
        request = SetPublisherRequest(session_id=self.session_id, sdp=self.publisher.localDescription.sdp)
        request.tracks.add(track_id=track.id, track_type=TRACK_TYPE_AUDIO, mid=transceiver.mid)
        response = await self.call("SetPublisher", request, SetPublisherResponse)
        await self.publisher.setRemoteDescription(RTCSessionDescription(response.sdp, "answer"))
        unmuted = UpdateMuteStatesRequest(session_id=self.session_id)
        unmuted.mute_states.add(track_type=TRACK_TYPE_AUDIO, muted=False)
        await self.call("UpdateMuteStates", unmuted, UpdateMuteStatesResponse)

    async def answer(self, offer):
        await self.subscriber.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
        await self.subscriber.setLocalDescription(await self.subscriber.createAnswer())
        request = SendAnswerRequest(
            session_id=self.session_id,
            peer_type=PEER_TYPE_SUBSCRIBER,
            sdp=self.subscriber.localDescription.sdp,
            negotiation_id=offer.negotiation_id,
        )
        await self.call("SendAnswer", request, SendAnswerResponse)

    def hear(self, track):
        if track.kind == "audio":
            asyncio.create_task(self.record(track))

    async def record(self, track):
        try:
            with wave.open(self.arguments.record, "wb") as file:
                file.setnchannels(2)
                file.setsampwidth(2)
                file.setframerate(SAMPLE_RATE)
                while file.tell() < self.arguments.seconds * SAMPLE_RATE:
                    frame = await track.recv()
                    file.writeframes(frame.to_ndarray().tobytes())
            settle(self.recorded)
        except Exception as failure:  # told by whoever waits
            settle(self.recorded, failure)

    async def call(self, method, request, response_type):
        url = f"{self.rpc_url}/stream.video.sfu.signal.SignalServer/{method}"
        async with self.http.post(url, data=request.SerializeToString(), headers=self.headers) as response:
            body = await response.read()
            if response.status != 200:
                raise RuntimeError(f"{method}: {response.status} {body}")
        answer = response_type.FromString(body)
        if answer.HasField("error"):
            raise RuntimeError(f"{method}: {answer.error}")
        return answer

    async def leave(self, socket, tasks):
        for task in tasks:
            task.cancel()
        request = SfuRequest()
        request.leave_call_request.session_id = self.session_id
        await socket.send_bytes(request.SerializeToString())
        await self.publisher.close()
        await self.subscriber.close()


async def first_of(*awaitables):
    """Waits for the first to end, and raises what it raised."""
    done, _ = await asyncio.wait(awaitables, return_when=asyncio.FIRST_COMPLETED)
    for one in done:
        one.result()


def settle(future, failure=None):
    if future.done():
        return
    if failure is None:
        future.set_result(None)
    else:
        future.set_exception(failure)


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("url", "api-key", "token", "call", "play", "record"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--seconds", type=float, default=4, help="of sound to record")
    parser.add_argument("--timeout", type=float, default=30, help="in seconds, for all of it")
    arguments = parser.parse_args()
    async with aiohttp.ClientSession() as http:
        await asyncio.wait_for(Participant(http, arguments).run(), arguments.timeout)


asyncio.run(main())
