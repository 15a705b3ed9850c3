"""Joins a place by WebSocket, in version 4 of the protocol, walks ahead and says who else is there."""
import asyncio, json, struct, sys
import websockets

COMMAND, STATE = 1, 2  # channels: the first byte of a message


async def main(url):
    async with websockets.connect(url.replace("http", "ws", 1) + "/join", max_size=None) as socket:
        def command(*interaction):
            return socket.send(bytes([COMMAND]) + json.dumps(["interaction", *interaction]).encode())

        await command("request", "", "place", "1", ["announce", "version", 4, "identity", {"display_name": "python"}, "spawn_avatar", {}])
        seen, parts = 0, {}
        async for message in socket:
            if message[0] == 127:  # goodbye, with a code
                return print("ended with", struct.unpack(">I", message[1:])[0])
            channel = message[0] & 127
            parts[channel] = parts.get(channel, b"") + message[1:]
            if message[0] >= 128:  # more follows
                continue
            packet = parts.pop(channel)
            if channel == COMMAND:
                _, kind, sender, _, request, body = json.loads(packet)
                print(kind, "from", sender, body, flush=True)
            elif channel == STATE:
                state = json.loads(packet)
                if state["revision"] > seen:
                    seen = state["revision"]
                    print("revision", seen, "names", ", ".join(state["entities"]), flush=True)
                intent = {"zmovement": -1, "xmovement": 0, "yaw": 0, "pitch": 0, "wants_stick_movement": True, "ack_state_rev": seen}
                await socket.send(bytes([STATE]) + json.dumps({"cmd": "intent", "intent": intent}).encode())

asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8080"))
