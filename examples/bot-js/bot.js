// A parrot: walks in circles, and repeats what is said in the chat.
import { join } from "@loci-place/client";
import { WebSocket } from "ws"; // Node 20 has none of its own

const place = await join(process.argv[2] ?? "http://localhost:8080", {
  webSocket: WebSocket,
  identity: { display_name: "parrot" },
});
console.log(`in ${place.name}`);

await place.subscribe('["chat", _]');
place.on("interaction", ({ type, from, body }) => {
  if (type === "publication" && body[0] === "chat" && from !== place.avatar) place.publish(["chat", body[1]]);
});
place.handle("poke", () => { place.publish(["chat", "ouch"]); });
place.on("close", (code, reason) => { console.log(reason); process.exit(); });
process.on("SIGTERM", () => place.leave());

setInterval(() => { place.intent.yaw = (place.intent.yaw ?? 0) + 0.1; }, 100); // turns slowly
place.intent.z = -0.25; // and walks in a circle
