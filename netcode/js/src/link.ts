/** What carries an agent's packets. See "Joining from a browser" in netcode/PROTOCOL.md. */
import { Assembler, Channel, FrameError, farewell, frame, frames, liveBytes } from "./frame.js";

/** Codes with which connections end. See "Connections" in netcode/PROTOCOL.md. */
export const Code = {
  lost: 1000,
  left: 1001,
  outdated: 1003,
  kicked: 1005,
  closed: 1100,
  violations: 1101,
  overload: 1102,
  refused: 1103,
  proof: 1106,
  resumed: 1107,
} as const;

/** Hears what a link brings. */
export interface LinkHandler {
  packet(channel: number, packet: Uint8Array): void;
  /** The link has ended, and brings nothing more. Called once. */
  ended(code: number): void;
}

/** A connection that is open. */
export interface Link {
  readonly kind: "webrtc" | "websocket";
  /** send sends a packet. What is not resent is dropped while too much waits. */
  send(channel: number, packet: Uint8Array): void;
  /** close says goodbye with a code, and ends the link once that is sent. */
  close(code: number): void;
}

/** The constructor of a WebSocket: that of browsers, or of the package ws. */
export type WebSocketConstructor = new (url: string) => WebSocket;

/** Too much waits to be sent for more to be in time. */
const lateBytes = 64 << 10;

/** How long what was sent before a goodbye may take. */
const farewellMs = 2000;

const live: ReadonlySet<number> = new Set([Channel.audio, Channel.state, Channel.video, Channel.clock]);

function handleMessage(assembler: Assembler, data: unknown, handler: LinkHandler, end: (code: number) => void): void {
  if (!(data instanceof ArrayBuffer)) return; // no message of the protocol is text
  try {
    const received = assembler.take(new Uint8Array(data));
    if (received.kind === "goodbye") end(received.code);
    else if (received.kind === "packet") handler.packet(received.channel, received.packet);
  } catch (e) {
    if (!(e instanceof FrameError)) throw e; // a malformed message is dropped
  }
}

/** openWebSocket connects by WebSocket to a place's origin. */
export function openWebSocket(origin: string, handler: LinkHandler, make: WebSocketConstructor, signal: AbortSignal): Promise<Link> {
  return new Promise((resolve, reject) => {
    const socket = new make(origin.replace(/^http/, "ws") + "/join");
    socket.binaryType = "arraybuffer";
    const assembler = new Assembler();
    let state: "opening" | "open" | "ended" = "opening";
    const end = (code: number): void => {
      signal.removeEventListener("abort", abort);
      const was = state;
      state = "ended";
      if (was === "opening") reject(new Error(`no WebSocket to ${origin}`));
      else if (was === "open") handler.ended(code);
      if (socket.readyState <= 1) socket.close();
    };
    const abort = (): void => end(Code.lost);
    signal.addEventListener("abort", abort);
    const link: Link = {
      kind: "websocket",
      send(channel, packet) {
        if (state !== "open") return;
        if (live.has(channel)) {
          if (socket.bufferedAmount <= lateBytes) socket.send(frame(channel, packet));
          return;
        }
        for (const message of frames(channel, packet)) socket.send(message);
      },
      close(code) {
        if (state !== "open") return;
        socket.send(farewell(code));
        state = "ended";
        signal.removeEventListener("abort", abort);
        socket.close(3000 + code);
      },
    };
    socket.onopen = () => {
      if (state !== "opening") return;
      state = "open";
      signal.removeEventListener("abort", abort);
      resolve(link);
    };
    socket.onmessage = (e) => {
      if (state === "open") handleMessage(assembler, e.data, handler, end);
    };
    socket.onerror = () => undefined; // a close follows, and says as much
    socket.onclose = (e) => end(e.code >= 4000 ? e.code - 3000 : Code.lost);
  });
}

/** openWebRTC connects by WebRTC to a place's origin. */
export async function openWebRTC(origin: string, handler: LinkHandler, signal: AbortSignal): Promise<Link> {
  const peer = new RTCPeerConnection();
  let state: "opening" | "open" | "ended" = "opening";
  let failed: (error: Error) => void = () => undefined;
  const end = (code: number): void => {
    const was = state;
    state = "ended";
    signal.removeEventListener("abort", abort);
    if (was === "open") handler.ended(code);
    else failed(new Error(`no WebRTC connection to ${origin}`));
    peer.close();
  };
  const abort = (): void => end(Code.lost);
  signal.addEventListener("abort", abort);
  const liveChannel = peer.createDataChannel("live", { ordered: false, maxRetransmits: 0 });
  const reliable = peer.createDataChannel("reliable");
  for (const channel of [liveChannel, reliable]) {
    const assembler = new Assembler();
    channel.binaryType = "arraybuffer";
    channel.onmessage = (e) => {
      if (state === "open") handleMessage(assembler, e.data, handler, end);
    };
    channel.onclose = () => end(Code.lost);
  }
  peer.onconnectionstatechange = () => {
    if (peer.connectionState === "failed" || peer.connectionState === "closed") end(Code.lost);
  };
  const opened = new Promise<void>((resolve, reject) => {
    failed = reject;
    let left = 2;
    for (const channel of [liveChannel, reliable]) channel.onopen = () => --left || resolve();
  });
  opened.catch(() => undefined);
  try {
    await peer.setLocalDescription(await peer.createOffer());
    const answer = await fetch(origin + "/join", {
      method: "POST", headers: { "Content-Type": "application/sdp" }, body: peer.localDescription?.sdp ?? "", signal,
    });
    if (!answer.ok) throw new Error(`the place refuses the join: ${(await answer.text()).trim()}`);
    await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    await opened;
  } catch (e) {
    end(Code.lost);
    throw e;
  }
  state = "open";
  signal.removeEventListener("abort", abort);
  return {
    kind: "webrtc",
    send(channel, packet) {
      if (state !== "open") return;
      if (live.has(channel) && packet.length <= liveBytes) {
        if (liveChannel.bufferedAmount <= lateBytes) liveChannel.send(frame(channel, packet));
        return;
      }
      for (const message of frames(channel, packet)) reliable.send(message);
    },
    close(code) {
      if (state !== "open") return;
      state = "ended";
      reliable.send(farewell(code));
      // A peer connection that is closed drops what waits.
      const until = Date.now() + farewellMs;
      const timer = setInterval(() => {
        if (reliable.bufferedAmount > 0 && Date.now() < until) return;
        clearInterval(timer);
        setTimeout(() => peer.close(), 50);
      }, 10);
    },
  };
}
