package engine

import "time"

// Limits bound what one agent may cost the place. A zero field means its default; a negative
// one is an error of [New].
type Limits struct {
	// AnnounceTimeout is how long a connection may take to announce itself, and to prove
	// its key if it announces one; then it is disconnected with
	// [netcode.CodeNeverAnnounced], or refused with [netcode.CodeUnproven]. Default 10 s.
	AnnounceTimeout time.Duration
	// CommandBytes is the largest message on the command channel. One who sends a
	// larger one is disconnected with [netcode.CodeOverload]. Default 1 MiB.
	CommandBytes int
	// CommandQueueBytes is how many bytes of them may wait to be done, each of them with 96 for
	// itself. An agent that sends on is disconnected with [netcode.CodeOverload]. Default 8 MiB.
	CommandQueueBytes int
	// PlaceCommandQueueBytes is how many bytes of all agents' may wait. With more the one that
	// sends on is disconnected with [netcode.CodeOverload] if it has more than its part of
	// them, else the one that has most. Default 64 MiB.
	PlaceCommandQueueBytes int
	// Requests is how many requests of one agent may be unanswered. With a further
	// one the place answers the oldest in its receiver's stead, if that had
	// RequestPatience for it; else the further one is answered with an error. Default
	// 1024 and 10 s.
	Requests        int
	RequestPatience time.Duration
	// RequestIDs is how many ids of an agent's requests are remembered; the use of
	// one a second time is refused. Default 4096.
	RequestIDs int
	// Animations is how many property animations an entity may have at once; a
	// further one fails. Default 64.
	Animations int
	// AnimationBytes is how many bytes the description of one may take; a larger one fails.
	// A path of the longest kind and two matrices take half. Default 4096.
	AnimationBytes int
	// Keys is how many keys the objects of one component may have together, but for those
	// inside of lists, and how many of an entity's may have gone within Window: those are
	// known until no agent can have them any more. What would be more is refused; large data
	// belongs into lists and texts, which the place keeps as they are. Default 16,384.
	Keys int
	// Violations is how many forged or senseless interactions cost an agent its
	// connection, with [netcode.CodeViolations]. All of them are forgotten within
	// ViolationTime, one after the other. What innocent agents do too does not count: one-way
	// messages from an entity just removed, a second answer, an answer to what was one-way,
	// and an answer from or to another entity of the same agent; they are dropped. Defaults:
	// 16 and 5 min.
	Violations    int
	ViolationTime time.Duration
	// BadPackets is how many senseless packets on other channels than that of
	// commands do: unreadable intents and clock requests, and media that is
	// unreadable or of a track that is not the agent's, and unreadable asset frames.
	// They may be damaged through no fault of the agent's. Default 1000.
	BadPackets int
	// Tracks is how many live tracks an agent may have at once; a further one is
	// answered as failed. Default 16.
	Tracks int
	// TrackSubscriptions is how many tracks an agent may have subscribed to, or from
	// version 3 down unsubscribed from; a further one is answered as failed.
	// Default 1024.
	TrackSubscriptions int
	// Subscriptions is how many subscriptions to publications an agent may have; a
	// further one is answered as failed. Default 256.
	Subscriptions int
	// Rules is how many access rules may be added at run time; a change to more is
	// answered as failed. Default 1024.
	Rules int
	// Memory is how many bytes of memory agents may make the place hold, all of them together:
	// entities, also for as long as states may start from when they were there (Window), what
	// is known of what each agent was told, commands that wait, and subscriptions. What would
	// be more is refused; from three quarters of it on to those that hold more than their part
	// of these, and from seven eighths on to all that hold more than 64 KiB, so that
	// newcomers find room. AgentMemory and AddressMemory are the same for
	// one agent, and for those of one address that is neither of loopback nor of a private
	// network ([netcode.IsPrivate]). Defaults: 384 MiB, a quarter, and half of it.
	Memory, AgentMemory, AddressMemory int
	// DecodingMemory is how many bytes commands may take while they are read, which are up to
	// 50 times as many as they have on the wire; large ones wait for each other. Default 64 MiB.
	DecodingMemory int
	// InteractionRate is how many interactions an agent may send a second, of all kinds but
	// responses and what changes its own entities: that is bounded by what it costs, in
	// bytes, entities and the time of the turn. Publications and subscriptions count under
	// their own rate too. Of each, Burst's worth may come at once. Beyond, a request is
	// answered with an error that says which and when to try again, and anything else is
	// dropped; the log says so once. Defaults: 200, which is ten a heartbeat, and 5 s, as
	// apps send hundreds when they start.
	InteractionRate int
	Burst           time.Duration
	// InheritedUsage is how much of each Burst at most counts as used for an agent that
	// comes from an address from which others have used as much and left, as a fraction.
	// More would let one who leaves and comes back keep out others behind the same address,
	// and less would give it more. Default 0.5.
	InheritedUsage float64
	// TurnTime is how much processor time of each second the place may use for an agent's
	// commands, a quarter of it at once. A command is charged by its size before it is done, and set right
	// afterwards; with more the agent has to wait. Otherwise what takes long keeps the
	// machine busy. Default 100 ms.
	TurnTime time.Duration
	// AnnounceTime is how much of each second the announces of all agents together may
	// take, with what they spawn and its removal, five times that at once; with more they
	// wait, small ones least. One that takes longer than 3 ms, some 100 entities, counts as many
	// times more as it is longer: nobody else is heard meanwhile. One that waits for longer than AnnounceTimeout is refused
	// with [netcode.CodeOverload]. Otherwise connections that join with much and leave
	// again keep the place busy. Default 100 ms, some 3,000 entities.
	AnnounceTime time.Duration
	// UpkeepTime is how much of each second heartbeats may take for what an agent's entities
	// do by themselves: their animations, and the intents that move more than its avatar; a
	// quarter of it at once. What is beyond is animated at a lower rate, to where it is by
	// then, what was animated longest ago first. It counts while the agent is waited for
	// too. PlaceUpkeepTime is the same for all agents together: where they take more, those
	// are slowed that take more than an even part of it. Default 50 ms, which is some 1,300
	// animations at 20 Hz, and 200 ms.
	UpkeepTime      time.Duration
	PlaceUpkeepTime time.Duration
	// PublicationRate is how many publications an agent may send a second: each is tried
	// against all subscriptions. Default 50.
	PublicationRate int
	// SubscriptionSteps is how many steps ([acl.MaxSteps]) a second the subscriptions of an
	// agent may take to be tried, a second's worth at once; PublicationSteps how many those
	// of all agents together may take for one publication, where those go on that have taken
	// less than an even part. What is beyond is not tried, so that its agent misses the
	// publication; the log says so once. Defaults: 1,000,000, which takes some 10 ms, and
	// 200,000.
	SubscriptionSteps int
	PublicationSteps  int
	// PatternRate is how many subscriptions and access rules an agent may ask for a second,
	// together: each is compiled. Default 50.
	PatternRate int
	// SpawnRate is how many entities an agent may spawn a second, children included: each
	// is sent to everybody. Default 200.
	SpawnRate int
	// CommandByteRate is how many bytes of commands of an agent are read a second, Burst's worth
	// at once; more waits to be read (CommandQueueBytes). Reading is work for the machine, if
	// not for the place's turn, whatever becomes of the command. Large commands are read by half
	// of the processors at most. Default 1 MiB.
	CommandByteRate int
	// RelayByteRate is how many bytes an agent may have relayed to others a second, Burst's
	// worth at once: what is published counts for each agent that is sent it. Beyond, a request
	// is answered with an error, a response is given by the place in the agent's stead, and
	// anything else is dropped. Otherwise one who publishes much to many takes up the machine's
	// link. Default 4 MiB, which is as much as media may have.
	RelayByteRate int
	// SendQueueBytes is how many bytes of what others send an agent may wait until it has
	// acknowledged them. Of these each sender may have as many as are free, so that one who
	// floods leaves as much to the others. Beyond, a request is answered with an error, a
	// response is given by the place in the sender's stead, and anything else is dropped: the
	// agent misses it. What an agent makes the place answer may wait besides; from half as much
	// on its commands do, until it takes it. So no agent is sent away for what others send it,
	// if this is no more than a quarter of [enet.Limits].MaxOutgoing, which loci serve
	// raises with it. Default 2 MiB, or
	// twice CommandBytes if that is more: a message of that size goes into an empty queue.
	SendQueueBytes int
	// PlaceSendQueueBytes is how many bytes may wait for all agents together; beyond, that is
	// refused which is for an agent that has more than an even part of them. It has to be well
	// below [enet.Limits].MaxOutbox and MaxOutgoingTotal, which loci serve raises with it.
	// Default a twelfth of Memory.
	PlaceSendQueueBytes int
	// ComponentByteRate is how many bytes of requests an agent may send a second to set
	// components or animate them: most of them are sent to everybody. Default 512 KiB.
	ComponentByteRate int
	// MediaBytes is the largest payload of a media packet; larger ones are dropped.
	// Default 1 MiB: a picture of 1920 by 1080 takes 200 to 700 KB as a JPEG. What a
	// listener's way cannot take is limited by the transport, see
	// [enet.Limits].MaxLive. The agent whose packets are dropped for this or for
	// one of the next two is told so, one-way: ["media_dropped", track, why]; and the
	// log says so: both once in 10 s.
	MediaBytes int
	// MediaRate is how many media packets an agent may send a second, on average and
	// at once, on all its tracks together; more are dropped. Default 500.
	MediaRate int
	// MediaByteRate is the same for the bytes of their payloads, so that none may be
	// larger. Default 4 MiB, which is ten large pictures, or MediaBytes if that is more.
	MediaByteRate int
	// AssetRequests is how many requests for ranges of assets an agent may have open;
	// a further one is answered as not available. Default 256.
	AssetRequests int
	// AssetSearches is for how many assets at once others are asked on an agent's
	// behalf; its further requests wait. Default 16.
	AssetSearches int
	// AssetQuestionRate is how many questions a second others are asked on an agent's behalf
	// for assets that the place has not, on average and at once: what nobody has
	// everybody is asked for. More wait. Default 500.
	AssetQuestionRate int
	// AssetQueueBytes is how many bytes of an agent's asset frames may wait, each
	// counted as 256 more than it has. Of data that comes on top of them nothing is
	// taken; one who sends other frames is disconnected with [netcode.CodeOverload].
	// Default 8 MiB.
	AssetQueueBytes int
	// AssetPushes is how many assets an agent may be sending unasked at once, and
	// AssetPushBytes how many bytes they may have together; further ones are ignored.
	// Default 4 and 64 MiB.
	AssetPushes    int
	AssetPushBytes int
	// Offers is how many offers of an agent's entities to others are remembered: that it has
	// named an entity to an agent, which lets that one move it. With a further one the oldest
	// ends. Otherwise one that names thousands of entities to everybody would fill the memory.
	// Default 1024.
	Offers int
	// Lingering is how many agents may be waited for at once (see [Config].Linger),
	// LingeringPerAddress how many from one address, and LingeringEntities how many entities
	// they may have together. With more, one goes at once, as an agent without a key does:
	// of those from the address, or with the key, that has most, the one that was here for
	// the shortest time. Otherwise somebody who comes again and again with a new key could
	// fill the place with entities, or take the others' places. Defaults: 256, 64 and
	// 20,000.
	Lingering           int
	LingeringPerAddress int
	LingeringEntities   int
	// SpecEntities is how many entities one avatar or spawn may consist of;
	// larger ones are refused. Default 1024.
	SpecEntities int
	// SpecDepth is how deep their children may nest. Default 16.
	SpecDepth int
	// Entities is how many entities an agent may own; more are refused. Default 10,000.
	Entities int
	// Removals is how many entities of agents that have left go with one heartbeat; of more,
	// those that were made first stand a little longer. Else one that leaves with thousands
	// makes the heartbeat late for all. Default 256.
	Removals int
	// Components is how many components an entity of an agent may have, and EntityBytes how many
	// bytes all of it may take in a state; what would be more is refused. An entity that is
	// larger than a state on an agent's link goes alone, and while it is on its way that agent
	// is sent nothing else: half a second on a link of 1 Mbit/s at the default, and four at
	// 512 KiB. What is larger belongs into an asset. Default 256 and 64 KiB.
	Components  int
	EntityBytes int
	// IdentityBytes is how many bytes an agent's identity may take; larger ones are
	// refused. Default 16 KiB.
	IdentityBytes int
	// NameBytes is the longest entity id, component name, verb or request id an agent
	// may use. Longer ones are refused. Default 256.
	NameBytes int
	// Launches is how many apps an agent may be launching at once, AddressLaunches how many
	// may be launched from one address, if that is not the machine's own or of a private
	// network, and PlaceLaunches how many all agents together; a further one is answered with
	// an error. Where PlaceLaunches are under way, the newest gives way of the agent that
	// has at least two more than the one that asks. What an agent has launched is given up
	// when it leaves, but counts for its address for LaunchInterval. Default 4, 16 and 64.
	Launches        int
	AddressLaunches int
	PlaceLaunches   int
	// LaunchInterval is how long a launch counts as one at least, however soon it is
	// answered: an agent can have the place ask Launches gateways in that time. Default
	// 1 s.
	LaunchInterval time.Duration
	// LaunchBytes is the most that an app may be told when it is launched, as JSON; more
	// is answered with an error. Default 64 KiB.
	LaunchBytes int
	// LaunchTimeout is how long an app's gateway may take to answer, and LaunchPatience
	// how long after that the app may take to announce itself; then its launch is
	// answered with an error. Default 10 s and 20 s.
	LaunchTimeout  time.Duration
	LaunchPatience time.Duration
	// StateBudget is how many bytes a state to an agent on a good link may have; on
	// others it is less, down to one datagram. What does not fit comes later,
	// nearest and longest owed first. Default 64 KiB.
	StateBudget int
	// PlaceStateBudget is how many bytes the states of one heartbeat may have together for
	// what agents are behind with, beside what has just changed; yet each may have one
	// datagram. Else one who spawns a thousand entities keeps the place busy with telling
	// everybody. Default 256 KiB, which at 20 heartbeats a second is 42 Mbit/s.
	PlaceStateBudget int
	// Window is how far back the state that an agent acknowledges may lie; an
	// older one is as good as none, and the agent is sent a state from scratch, with all
	// that it held whatever the budgets. Default 30 s.
	Window time.Duration
}

func (l *Limits) setDefaults() {
	orDefault(&l.UpkeepTime, 50*time.Millisecond)
	orDefault(&l.PlaceUpkeepTime, 200*time.Millisecond)
	orDefault(&l.AnnounceTimeout, 10*time.Second)
	orDefault(&l.CommandBytes, 1<<20)
	orDefault(&l.CommandQueueBytes, 8<<20)
	orDefault(&l.PlaceCommandQueueBytes, 64<<20)
	orDefault(&l.Memory, 384<<20)
	orDefault(&l.AgentMemory, l.Memory/4)
	orDefault(&l.AddressMemory, l.Memory/2)
	orDefault(&l.DecodingMemory, 64<<20)
	orDefault(&l.Requests, 1024)
	orDefault(&l.RequestPatience, 10*time.Second)
	orDefault(&l.RequestIDs, 4096)
	orDefault(&l.Animations, 64)
	orDefault(&l.AnimationBytes, 4096)
	orDefault(&l.Keys, 16<<10)
	orDefault(&l.Violations, 16)
	orDefault(&l.ViolationTime, 5*time.Minute)
	orDefault(&l.BadPackets, 1000)
	orDefault(&l.Tracks, 16)
	orDefault(&l.TrackSubscriptions, 1024)
	orDefault(&l.Subscriptions, 256)
	orDefault(&l.Rules, 1024)
	orDefault(&l.InteractionRate, 200)
	orDefault(&l.Burst, 5*time.Second)
	orDefault(&l.InheritedUsage, 0.5)
	orDefault(&l.TurnTime, 100*time.Millisecond)
	orDefault(&l.AnnounceTime, 100*time.Millisecond)
	orDefault(&l.PublicationRate, 50)
	orDefault(&l.SubscriptionSteps, 1_000_000)
	orDefault(&l.PublicationSteps, 200_000)
	orDefault(&l.PatternRate, 50)
	orDefault(&l.SpawnRate, 200)
	orDefault(&l.CommandByteRate, 1<<20)
	orDefault(&l.RelayByteRate, 4<<20)
	orDefault(&l.SendQueueBytes, max(2<<20, 2*l.CommandBytes))
	orDefault(&l.PlaceSendQueueBytes, max(1, l.Memory/12))
	orDefault(&l.ComponentByteRate, 512<<10)
	orDefault(&l.MediaBytes, 1<<20)
	orDefault(&l.MediaRate, 500)
	orDefault(&l.MediaByteRate, max(4<<20, l.MediaBytes))
	orDefault(&l.AssetRequests, 256)
	orDefault(&l.AssetSearches, 16)
	orDefault(&l.AssetQuestionRate, 500)
	orDefault(&l.AssetQueueBytes, 8<<20)
	orDefault(&l.AssetPushes, 4)
	orDefault(&l.AssetPushBytes, 64<<20)
	orDefault(&l.Lingering, 256)
	orDefault(&l.Offers, 1024)
	orDefault(&l.LingeringPerAddress, 64)
	orDefault(&l.LingeringEntities, 20_000)
	orDefault(&l.SpecEntities, 1024)
	orDefault(&l.SpecDepth, 16)
	orDefault(&l.Entities, 10_000)
	orDefault(&l.Removals, 256)
	orDefault(&l.Components, 256)
	orDefault(&l.EntityBytes, 64<<10)
	orDefault(&l.IdentityBytes, 16<<10)
	orDefault(&l.NameBytes, 256)
	orDefault(&l.Launches, 4)
	orDefault(&l.AddressLaunches, 16)
	orDefault(&l.PlaceLaunches, 64)
	orDefault(&l.LaunchInterval, time.Second)
	orDefault(&l.LaunchBytes, 64<<10)
	orDefault(&l.LaunchTimeout, 10*time.Second)
	orDefault(&l.LaunchPatience, 20*time.Second)
	orDefault(&l.StateBudget, 64<<10)
	orDefault(&l.PlaceStateBudget, 256<<10)
	orDefault(&l.Window, 30*time.Second)
}

func orDefault[T int | time.Duration | float64](field *T, def T) {
	if *field == 0 {
		*field = def
	}
}
