// Joins the place that serves this page, by version 4, and keeps what it hears in window.agent. This is
// what a page needs at least (netcode/PROTOCOL.md, "Joining from a browser").
async function join(name, without) {
	const agent = {document: {entities: {}, revision: 0}, heard: [], answers: {}, walking: 0, next: 1, way: ""};
	const text = new TextEncoder(), plain = new TextDecoder();
	const parts = {};
	const receive = data => {
		const bytes = new Uint8Array(data);
		let channel = bytes[0], payload = bytes.subarray(1);
		if (channel === 127) { agent.ended = new DataView(data).getUint32(1); return; }
		if (channel >= 128) { (parts[channel & 127] ??= []).push(payload); return; }
		if (parts[channel]) {
			const all = [...parts[channel], payload];
			delete parts[channel];
			payload = new Uint8Array(all.reduce((n, p) => n + p.length, 0));
			all.reduce((at, p) => (payload.set(p, at), at + p.length), 0);
		}
		if (channel === 2) state(JSON.parse(plain.decode(payload)));
		if (channel === 1) command(JSON.parse(plain.decode(payload)));
	};
	const merge = (to, patch) => {
		for (const [key, value] of Object.entries(patch)) {
			if (value === null) delete to[key];
			else if (typeof value === "object" && !Array.isArray(value)) {
				if (typeof to[key] !== "object" || Array.isArray(to[key])) to[key] = {};
				merge(to[key], value);
			} else to[key] = value;
		}
	};
	const state = s => {
		if (s.revision <= agent.document.revision) return;
		if (s.patch_style === "set") agent.document = {entities: s.entities, revision: s.revision};
		else if (s.patch_from === agent.document.revision) {
			merge(agent.document.entities, s.entities);
			agent.document.revision = s.revision;
		}
	};
	const command = m => {
		const [, type, from, to, id, body] = m;
		if (type === "response") { agent.answers[id]?.(body); delete agent.answers[id]; return; }
		agent.heard.push(body);
		if (type === "request") say(["interaction", "response", agent.id, from, id, ["echo", body]]);
	};
	let reliable, live;
	const frame = (channel, value) => {
		const payload = text.encode(JSON.stringify(value)), out = new Uint8Array(payload.length + 1);
		out[0] = channel;
		out.set(payload, 1);
		return out;
	};
	const say = m => reliable.send(frame(1, m));
	agent.ask = (to, body) => new Promise(answer => {
		const id = String(agent.next++);
		agent.answers[id] = answer;
		say(["interaction", "request", "", to, id, body]);
	});
	agent.tell = (to, body) => say(["interaction", "oneway", "", to, "", body]);
	const lost = () => { agent.ended ??= 1000; };
	const byWebRTC = async () => {
		const pc = agent.pc = new RTCPeerConnection();
		live = pc.createDataChannel("live", {ordered: false, maxRetransmits: 0});
		reliable = pc.createDataChannel("reliable");
		const open = [live, reliable].map(c => new Promise((done, fail) => {
			c.binaryType = "arraybuffer";
			c.onmessage = e => receive(e.data);
			c.onopen = done;
			c.onclose = lost;
			setTimeout(() => fail(new Error("no data channel within 5 s")), 5000);
		}));
		await pc.setLocalDescription(await pc.createOffer());
		const answer = await fetch("/join", {method: "POST", headers: {"Content-Type": "application/sdp"}, body: pc.localDescription.sdp});
		if (!answer.ok) throw new Error(await answer.text());
		const lines = (await answer.text()).split("\r\n").filter(l => !l.startsWith("a=candidate") || !l.includes(" " + without + " "));
		await pc.setRemoteDescription({type: "answer", sdp: lines.join("\r\n")});
		await Promise.all(open);
		agent.way = "WebRTC over " + await protocolOf(pc);
	};
	// Statistics are some 50 ms old: they may not know yet what the channels are open over.
	const protocolOf = async (pc) => {
		for (;; await new Promise(done => setTimeout(done, 20))) {
			const stats = [...(await pc.getStats()).values()], pair = stats.find(s => s.type === "candidate-pair" && s.state === "succeeded");
			if (pair) return stats.find(s => s.id === pair.localCandidateId).protocol;
		}
	};
	const bySocket = async () => {
		const ws = new WebSocket(location.origin.replace("http", "ws") + "/join");
		ws.binaryType = "arraybuffer";
		ws.onmessage = e => receive(e.data);
		ws.onclose = lost;
		await new Promise((done, fail) => { ws.onopen = done; ws.onerror = fail; });
		reliable = live = ws;
		agent.way = "WebSocket";
	};
	try { await byWebRTC(); } catch (e) { agent.why = String(e); await bySocket(); }
	const answer = await agent.ask("place", ["announce", "version", 4, "identity", {display_name: name},
		"spawn_avatar", {intent: {actuate_pose: "root"}, visor: {display_name: name}}]);
	if (answer[1] === "error") throw new Error(answer[3]);
	agent.id = answer[1];
	setInterval(() => live.send(frame(2, {cmd: "intent", intent: {
		wants_stick_movement: true, zmovement: agent.walking, ack_state_rev: agent.document.revision}})), 50);
	window.agent = agent;
	return agent.way;
}

// until waits until something is so, and returns what.
const until = what => new Promise(done => {
	const look = setInterval(() => {
		const is = what();
		if (is) { clearInterval(look); done(is); }
	}, 20);
});
