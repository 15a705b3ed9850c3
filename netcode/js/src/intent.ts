/** How an agent says what its avatar does. See "Intents" and "Compact intents" in netcode/PROTOCOL.md. */
import { format } from "./json.js";
import { type Matrix, Writer, writePose } from "./placement.js";

/** A hand that holds something. */
export interface Grab {
  /** The entity held. */
  entity: string;
  /** Where it is in the hand. */
  offset: Matrix;
}

/** Where parts of the body are, in the avatar; of root, in the world. */
export interface Poses {
  root?: Matrix;
  head?: Matrix;
  torso?: Matrix;
  leftHand?: Matrix;
  rightHand?: Matrix;
}

/** What an avatar does until the next intent. */
export interface Intent {
  /** The entity that is moved: the avatar, or another that the agent owns. */
  entity?: string;
  /** Whether x, z and yaw move it. True by default. */
  walks?: boolean;
  /** Steps to the right, as a part of 2 m/s. */
  x?: number;
  /** Steps back, as a part of 2 m/s: ahead is below 0. */
  z?: number;
  /** Turned to the right, in radians. */
  yaw?: number;
  /** Looking down, in radians. Places do not act on it. */
  pitch?: number;
  poses?: Poses;
  leftGrab?: Grab | undefined;
  rightGrab?: Grab | undefined;
}

/** intentJSON returns the message of version 4. */
export function intentJSON(i: Intent, acknowledge: number): Uint8Array<ArrayBuffer> {
  const poses: Record<string, object> = {};
  const put = (name: string, m: Matrix | undefined, grab?: Grab): void => {
    if (!m && !grab) return;
    poses[name] = {
      ...(m && { matrix: m }),
      ...(grab && { grab: { entity: grab.entity, grabber_from_entity_transform: grab.offset } }),
    };
  };
  put("root", i.poses?.root);
  put("head", i.poses?.head);
  put("torso", i.poses?.torso);
  put("hand/left", i.poses?.leftHand, i.leftGrab);
  put("hand/right", i.poses?.rightHand, i.rightGrab);
  return format({
    cmd: "intent",
    intent: {
      entity_id: i.entity ?? "", wants_stick_movement: i.walks ?? true,
      zmovement: i.z ?? 0, xmovement: i.x ?? 0, yaw: i.yaw ?? 0, pitch: i.pitch ?? 0,
      poses, ack_state_rev: acknowledge,
    },
  });
}

/** intentCompact returns the message of version 5. */
export function intentCompact(intents: readonly Intent[], acknowledge: number): Uint8Array<ArrayBuffer> {
  const w = new Writer();
  w.u8(3);
  w.u32(acknowledge);
  w.u8(intents.length);
  for (const i of intents) writeIntent(w, i);
  return w.done();
}

function writeIntent(w: Writer, i: Intent): void {
  const moves = [i.z ?? 0, i.x ?? 0, i.yaw ?? 0, i.pitch ?? 0];
  const p = i.poses ?? {};
  const poses = [p.root, p.head, p.torso, p.leftHand, p.rightHand];
  const grabs = [i.leftGrab, i.rightGrab].map((g) => (g?.entity ? g : undefined));
  let flags = 0;
  if (i.walks ?? true) flags |= 0x0001;
  if (i.entity) flags |= 0x0002;
  moves.forEach((v, n) => { if (v !== 0) flags |= 0x0004 << n; });
  poses.forEach((m, n) => { if (m) flags |= 0x0040 << n; });
  grabs.forEach((g, n) => { if (g) flags |= 0x0800 << n; });
  w.u16(flags);
  if (i.entity) w.text(i.entity);
  for (const v of moves) if (v !== 0) w.f64(v);
  for (const m of poses) if (m) writePose(w, m);
  for (const g of grabs) {
    if (!g) continue;
    w.text(g.entity);
    writePose(w, g.offset);
  }
}
