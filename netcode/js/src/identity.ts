/** Keys by which places know agents. See "Verified agents" in netcode/README.md. */

/** A key pair of Ed25519 that an agent proves to have. */
export interface Key {
  /** The public key, 32 bytes in base64. */
  readonly public: string;
  /** sign signs with the private key. */
  sign(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
}

const algorithm = { name: "Ed25519" };

/** base64 returns bytes as base64 with padding. */
export function base64(bytes: Uint8Array): string {
  let s = "";
  for (const b of bytes) s += String.fromCharCode(b);
  return btoa(s);
}

/** unbase64 returns the bytes of base64 with padding. */
export function unbase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

async function keyOf(pair: CryptoKeyPair): Promise<Key> {
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return {
    public: base64(raw),
    sign: async (data) => new Uint8Array(await crypto.subtle.sign(algorithm, pair.privateKey, data)),
  };
}

async function generate(extractable: boolean): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey(algorithm, extractable, ["sign", "verify"])) as CryptoKeyPair;
}

/** newKey makes a key that lasts as long as the program. */
export async function newKey(): Promise<Key> {
  return keyOf(await generate(false));
}

/**
 * storedKey returns the key that this browser keeps under a name for the page's origin, and makes it
 * the first time. Scripts of the page can sign with it but cannot read it. It fails where a browser has
 * no Ed25519, or keeps nothing.
 */
export async function storedKey(name = "loci"): Promise<Key> {
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const open = indexedDB.open("loci-keys", 1);
    open.onupgradeneeded = () => open.result.createObjectStore("keys");
    open.onsuccess = () => resolve(open.result);
    open.onerror = () => reject(open.error);
  });
  try {
    const get = (): Promise<CryptoKeyPair | undefined> => request(db.transaction("keys").objectStore("keys").get(name));
    let pair = await get();
    if (!pair) {
      const made = await generate(false);
      // Another tab may have been quicker.
      await request(db.transaction("keys", "readwrite").objectStore("keys").add(made, name)).catch(() => undefined);
      pair = (await get()) ?? made;
    }
    return await keyOf(pair);
  } finally {
    db.close();
  }
}

function request<T>(r: IDBRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    r.onsuccess = () => resolve(r.result as T);
    r.onerror = (e) => {
      e.preventDefault();
      reject(r.error);
    };
  });
}

/**
 * keyFromText returns the key of a text that newKeyText made. A Node program keeps such a text in a
 * file of its own.
 */
export async function keyFromText(text: string): Promise<Key> {
  const jwk = JSON.parse(text) as JsonWebKey & { x: string };
  const privateKey = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["sign"]);
  const { d: _, key_ops: __, ...rest } = jwk;
  const publicKey = await crypto.subtle.importKey("jwk", { ...rest, key_ops: ["verify"] }, algorithm, true, ["verify"]);
  return keyOf({ privateKey, publicKey });
}

/** newKeyText makes a key as a text for keyFromText. The text is the key: keep it secret. */
export async function newKeyText(): Promise<string> {
  return JSON.stringify(await crypto.subtle.exportKey("jwk", (await generate(true)).privateKey));
}

/** What an announce says about keys. */
export interface Auth {
  ed25519: string;
  resume?: string;
  dialed: string;
  nonce: string;
}

/** What the place shows in a challenge. */
export interface Challenge {
  nonce: string;
  name: string;
  key: string;
  lifetime: string;
  signature: string;
}

/** newNonce returns 32 random bytes in base64. */
export function newNonce(): string {
  return base64(crypto.getRandomValues(new Uint8Array(32)));
}

/**
 * prove checks the place's proof, and returns the agent's. announce is the body of the announce as it
 * was sent. It fails where the place has not proven the key that it shows.
 */
export async function prove(key: Key, auth: Auth, announce: Uint8Array<ArrayBuffer>, c: Challenge): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", announce));
  const text = new TextEncoder();
  const nonce = unbase64(c.nonce);
  const placeKey = unbase64(c.key);
  const shown = join(text.encode("alloplace place proof 1\n"), nonce, unbase64(auth.nonce), unbase64(auth.ed25519), hash,
    text.encode(`${auth.dialed}\n${c.lifetime}\n${c.name}`));
  const verifier = await crypto.subtle.importKey("raw", placeKey, algorithm, false, ["verify"]);
  if (!(await crypto.subtle.verify(algorithm, verifier, unbase64(c.signature), shown))) {
    throw new Error("the place has not proven the key that it shows");
  }
  const own = join(text.encode("alloplace announce proof 2\n"), nonce, unbase64(auth.ed25519), placeKey, hash,
    text.encode(`${auth.dialed}\n${c.name}`));
  return base64(await key.sign(own));
}

function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    all.set(p, at);
    at += p.length;
  }
  return all;
}
