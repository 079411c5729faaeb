// Checks one entry of a log in the browser itself, with WebCrypto and nothing from elsewhere.
//
// Given: receipts (C2SP tlog-proof with the entry in its `extra` line) of the entry, of entry 0 and
// of every entry that changed a key, and the public keys that are registered. It comes to the same
// as `ledger verify --proof --genesis`: ledger/evidence/receipt.py. What is not understood is
// refused. Numbers of entries are BigInt, for they may be larger than 2^53.

import { HEADER_BYTES_MAX, LINE_GRAMMARS } from "./grammar.js";

const NOTE_BYTES_MAX = 65535;
const CHECKPOINT_BYTES_MAX = 16384;
const HASHES_MAX = 63;
const PROOF_BYTES_MAX = 4 * Math.ceil(NOTE_BYTES_MAX / 3) + 64 * HASHES_MAX + 16384 + 128;
const SIGNATURES_MAX = 16;
const ED25519 = 1;
const COSIGNATURE = 4;
const PROOF_HEADER = "c2sp.org/tlog-proof@v1\n";
const RECIPIENT_TYPE = "\xffx25519-recipient/v1";
const KEY_FIELDS = {
  epoch: "purpose,wrapped",
  entry: "alg,key,purpose",
  log: "alg,key,purpose",
  "log-retired": "key,purpose",
  recipients: "pseudonym_key,purpose,recipients",
};

// `step` says which of the steps failed: "browser", "read", "checkpoint", "inclusion", "entry".
export class Refused extends Error {
  constructor(step, detail) {
    super(detail);
    this.step = step;
  }
}

class Malformed extends Error {}

function refuse(detail) {
  throw new Malformed(detail);
}

// ---------------------------------------------------------------- bytes and text

const utf8 = new TextEncoder();

function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse("not UTF-8");
  }
}

function joined(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function same(left, right) {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

function startsWith(bytes, text) {
  const start = utf8.encode(text);
  return same(bytes.subarray(0, start.length), start);
}

// Where two newlines follow each other, first or last; -1 where they nowhere do.
function blankLine(bytes, last) {
  const end = bytes.length - 1;
  for (let step = 0; step < end; step += 1) {
    const at = last ? end - 1 - step : step;
    if (bytes[at] === 10 && bytes[at + 1] === 10) return at;
  }
  return -1;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function encodeBase64(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

// Exactly one spelling for each value.
function decodeBase64(text) {
  if (!BASE64.test(text)) refuse("not standard base64");
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  if (encodeBase64(bytes) !== text) refuse("not the canonical base64 spelling");
  return bytes;
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
}

// ---------------------------------------------------------------- keys and signed notes

const NAME = /^[^\p{C}\p{Z}+]{1,200}$/u;

function checkName(name) {
  if (!NAME.test(name)) refuse("a name that is none");
  return name;
}

async function keyId(name, typeAndKey) {
  return hex((await sha256(utf8.encode(name + "\n"), typeAndKey)).subarray(0, 4));
}

function keyParts(text) {
  const parts = text.split("+");
  if (parts.length < 3) refuse("a public key looks like name+hash+base64");
  return [parts[0], parts[1], decodeBase64(parts.slice(2).join("+"))];
}

async function parseKey(text) {
  const [name, id, raw] = keyParts(text);
  if (raw.length !== 33 || (raw[0] !== ED25519 && raw[0] !== COSIGNATURE)) {
    refuse("a public key of an unknown type");
  }
  checkName(name);
  if ((await keyId(name, raw)) !== id) refuse("the hash inside the public key does not match");
  return { name, id, type: raw[0], public: raw.subarray(1), text };
}

async function recipientId(text) {
  const [name, id, raw] = keyParts(text);
  const type = Uint8Array.from(RECIPIENT_TYPE, (character) => character.charCodeAt(0));
  if (raw.length !== type.length + 32 || !same(raw.subarray(0, type.length), type)) {
    refuse("not an X25519 recipient key");
  }
  checkName(name);
  if ((await keyId(name, raw)) !== id) refuse("the hash inside the recipient key does not match");
  return { id, public: hex(raw.subarray(type.length)) };
}

// Python's white space, which is not JavaScript's.
const SIGNATURE_LINE = new RegExp(
  "^\u2014 ([^\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000+]+)" +
    " ([A-Za-z0-9+/]+={0,2})$",
  "u",
);

function parseNote(bytes, bytesMax) {
  if (bytes.length > bytesMax) refuse("the note is too long");
  const split = blankLine(bytes, true);
  const control = bytes.some((byte) => byte < 32 && byte !== 10);
  if (split < 0 || bytes[bytes.length - 1] !== 10 || control) refuse("not a signed note");
  decoded(bytes.subarray(0, split));
  const lines = decoded(bytes.subarray(split + 2, Math.max(split + 2, bytes.length - 1)));
  const signatures = lines.split("\n").map((line) => {
    const match = SIGNATURE_LINE.exec(line);
    if (match === null) refuse("a signature line that is none");
    const raw = decodeBase64(match[2]);
    if (raw.length < 5) refuse("a signature that is too short");
    return { name: match[1], id: hex(raw.subarray(0, 4)), value: raw.subarray(4) };
  });
  if (signatures.length > SIGNATURES_MAX) refuse("the note has too many signatures");
  return { text: bytes.subarray(0, split + 1), signatures };
}

async function verifies(key, text, value) {
  let message = text;
  let signature = value;
  if (key.type === COSIGNATURE) {
    let time = 0n;
    for (const byte of value.subarray(0, 8)) time = time * 256n + BigInt(byte);
    message = joined(utf8.encode(`cosignature/v1\ntime ${time}\n`), text);
    signature = value.subarray(8);
  }
  if (signature.length !== 64) return false;
  const usable = await crypto.subtle.importKey("raw", key.public, "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", usable, signature, message);
}

// The keys that signed. A bad signature of a known key refuses all; strangers count nothing.
async function signersOf(note, keys) {
  const verified = [];
  for (const signature of note.signatures) {
    const key = keys.findLast((each) => each.name === signature.name && each.id === signature.id);
    if (key === undefined || verified.some((each) => each.text === key.text)) continue;
    if (!(await verifies(key, note.text, signature.value))) refuse("a signature is bad");
    verified.push(key);
  }
  if (verified.length === 0) refuse("no trusted key signed this");
  return verified;
}

async function requireAll(note, keys) {
  const signers = await signersOf(note, keys);
  const silent = keys.some((key) => signers.every((each) => each.text !== key.text));
  if (silent) refuse("a signature is missing");
}

// ---------------------------------------------------------------- checkpoint and proof

const SIZE = /^(?:0|[1-9][0-9]{0,18})$/;
const INDEX = /^index (0|[1-9][0-9]{0,17})$/;

async function openCheckpoint(bytes, keys) {
  const note = parseNote(bytes, CHECKPOINT_BYTES_MAX);
  const lines = decoded(note.text).split("\n");
  if (lines.length < 4 || lines.pop() !== "" || lines.includes("")) {
    refuse("a checkpoint has at least three lines");
  }
  const [origin, size, root] = lines;
  if (!SIZE.test(size) || BigInt(size) >= 2n ** 63n) refuse("the size is not a number");
  const rootBytes = decodeBase64(root);
  if (rootBytes.length !== 32) refuse("the root is not 32 bytes");
  checkName(origin);
  const signers = await signersOf(note, keys);
  if (signers.every((key) => key.name !== origin)) refuse("the log itself did not sign");
  return { origin, size: BigInt(size), root: rootBytes, note };
}

function parseProof(bytes) {
  if (bytes.length > PROOF_BYTES_MAX) refuse("the proof is too long");
  if (!startsWith(bytes, PROOF_HEADER)) refuse("this is not a tlog-proof file");
  const rest = bytes.subarray(PROOF_HEADER.length);
  const split = blankLine(rest, false);
  if (split < 0) refuse("the proof has no checkpoint");
  const lines = decoded(rest.subarray(0, split)).split("\n");
  if (!lines[0].startsWith("extra ")) refuse("the proof does not hold its entry");
  const entry = decodeBase64(lines.shift().slice("extra ".length));
  const match = lines.length > 0 ? INDEX.exec(lines[0]) : null;
  if (match === null || lines.length > 1 + HASHES_MAX) refuse("no index, or too many hashes");
  const path = lines.slice(1).map(decodeBase64);
  if (path.some((hash) => hash.length !== 32)) refuse("a hash of the proof is not 32 bytes");
  return { index: BigInt(match[1]), path, checkpoint: rest.subarray(split + 2), entry };
}

// RFC 9162 section 2.1.3.2.
async function rootFrom(entry, index, size, path) {
  if (index >= size) refuse("the index of the proof is outside its tree");
  let position = index;
  let last = size - 1n;
  let root = await sha256(Uint8Array.of(0), entry);
  for (const sibling of path) {
    if (last === 0n) refuse("the inclusion proof is too long");
    if (position % 2n === 1n || position === last) {
      root = await sha256(Uint8Array.of(1), sibling, root);
      while (position % 2n === 0n && position !== 0n) {
        position /= 2n;
        last /= 2n;
      }
    } else {
      root = await sha256(Uint8Array.of(1), root, sibling);
    }
    position /= 2n;
    last /= 2n;
  }
  if (last !== 0n) refuse("the inclusion proof is too short");
  return root;
}

// ---------------------------------------------------------------- entries

const NUMBER = "(?:0|[1-9][0-9]{0,17})";
const CHAIN = new RegExp(`^([a-z0-9-]{1,64}) (${NUMBER}) ([A-Za-z0-9+/=]{44})$`);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const PAYLOAD = new RegExp(
  `^payload chacha20poly1305-epoch (${NUMBER}) (${NUMBER}) ([A-Za-z0-9+/=]{44})$`,
);

const grammars = new Map();

function headerOf(line) {
  const opening = /^\{"kind":"([a-z]+)"/.exec(line);
  const kind = opening === null ? "" : opening[1];
  if (!Object.hasOwn(LINE_GRAMMARS, kind) || utf8.encode(line).length > HEADER_BYTES_MAX) {
    refuse("the header is of no known kind, or too long");
  }
  if (!grammars.has(kind)) grammars.set(kind, new RegExp(`^(?:${LINE_GRAMMARS[kind]})$`, "u"));
  if (!grammars.get(kind).test(line)) refuse("the header is not that of its kind");
  const { kind: _, ...header } = JSON.parse(line);
  return [kind, header];
}

function parseEntry(bytes) {
  const note = parseNote(bytes, NOTE_BYTES_MAX);
  const lines = decoded(note.text).split("\n");
  if (lines.length !== 7) refuse("an entry has six lines of text");
  const [first, origin, chain, time, headerLine, payload] = lines;
  const link = CHAIN.exec(chain);
  if (link === null || !TIME.test(time)) refuse("the third or fourth line is malformed");
  const [kind, header] = headerOf(headerLine);
  if (first !== (kind === "genesis" ? "ledger-genesis/v1" : "ledger-entry/v1")) {
    refuse("the first line does not suit its kind");
  }
  checkName(origin);
  decodeBase64(link[3]);
  if (payload !== "payload none") {
    const named = PAYLOAD.exec(payload);
    if (named === null) refuse("the payload line is malformed");
    decodeBase64(named[3]);
  }
  return { kind, origin, proxyId: link[1], sequence: BigInt(link[2]), time, header, note };
}

// ---------------------------------------------------------------- which key signs entries

async function signingKey(header, field, name) {
  if ((header.alg ?? "ed25519") !== "ed25519") refuse("keys of an unknown algorithm");
  const key = await parseKey(String(header[field]));
  if (key.type !== ED25519 || key.name !== name) refuse("a key of another name or type");
  return key;
}

async function requireRecipients(header) {
  if (!Array.isArray(header.recipients)) refuse("the recipients are missing");
  const found = [];
  for (const text of header.recipients) found.push(await recipientId(text));
  if (new Set(found.map((each) => each.public)).size < 2) refuse("fewer than two recipients");
  const ids = found.map((each) => each.id);
  requireWrapped(header, "pseudonym_key", ids);
  return ids;
}

function requireWrapped(header, field, ids) {
  if (!Array.isArray(header[field])) refuse("a wrapped key is missing");
  const named = header[field].map((line) => line.split(" ")[0]).sort();
  if (named.join() !== [...ids].sort().join()) refuse("not wrapped to exactly the recipients");
}

// Entry 0 signs itself and names the first keys; it is trusted because one of the keys it leads
// to is registered.
async function keysFromGenesis(bytes, origin) {
  const entry = parseEntry(bytes);
  if (entry.kind !== "genesis" || entry.origin !== origin || entry.sequence !== 0n) {
    refuse("the first entry is not the genesis entry of this log");
  }
  const name = `${origin}/proxy/${entry.proxyId}`;
  const log = await signingKey(entry.header, "log_key", origin);
  const key = await signingKey(entry.header, "entry_key", name);
  const ids = await requireRecipients(entry.header);
  await signersOf(entry.note, [key]);
  return { origin, entry: key, logs: [log], succeeded: [], ids, used: [log.text, key.text] };
}

async function keysAfter(keys, index, bytes) {
  const entry = parseEntry(bytes);
  if (entry.kind !== "key") refuse("an entry that changes no keys");
  if (entry.origin !== keys.origin || entry.sequence !== index) refuse("an entry in another's place");
  await signersOf(entry.note, [keys.entry]);
  const { header } = entry;
  const wanted = Object.hasOwn(KEY_FIELDS, header.purpose) ? KEY_FIELDS[header.purpose] : null;
  if (Object.keys(header).sort().join() !== wanted) refuse("a key entry with other fields");
  switch (header.purpose) {
    case "epoch":
      requireWrapped(header, "wrapped", keys.ids);
      return keys;
    case "entry": {
      const key = await newKey(keys, header, keys.entry.name);
      await requireAll(entry.note, [keys.entry, key]);
      return { ...keys, entry: key, used: [...keys.used, key.text] };
    }
    case "log": {
      const key = await newKey(keys, header, keys.origin);
      if (keys.logs.length > 1) refuse("a third log key");
      await requireAll(entry.note, [keys.entry, ...keys.logs, key]);
      const succeeded = [...keys.succeeded, keys.logs[0]];
      return { ...keys, logs: [...keys.logs, key], succeeded, used: [...keys.used, key.text] };
    }
    case "log-retired":
      if (keys.logs.length < 2 || header.key !== keys.logs[0].text) refuse("not the older key");
      return { ...keys, logs: keys.logs.slice(1) };
    case "recipients":
      return { ...keys, ids: await requireRecipients(header) };
    default:
      return refuse("a key entry of an unknown purpose");
  }
}

async function newKey(keys, header, name) {
  const key = await signingKey(header, "key", name);
  if (keys.used.includes(key.text)) refuse("a key that was in use before");
  return key;
}

// ---------------------------------------------------------------- the whole check

// Returns null, or why this browser cannot check anything.
export async function cannotCheck() {
  if (globalThis.crypto?.subtle === undefined) return "no WebCrypto";
  try {
    // RFC 8032 section 7.1, test 1: an empty message.
    const from = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
    const name = "cannot.check";
    const key = {
      name,
      type: ED25519,
      public: from("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
    };
    const signature = from(
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b" +
        "d25bf5f0595bbe24655141438e7a100b",
    );
    const good = await verifies(key, new Uint8Array(0), signature);
    signature[0] ^= 1;
    const bad = await verifies(key, new Uint8Array(0), signature);
    return good && !bad ? null : "Ed25519 does not work";
  } catch {
    return "no Ed25519";
  }
}

async function step(name, work) {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Refused ? error : new Refused(name, String(error.message));
  }
}

async function proved(proof, keys) {
  const checkpoint = await step("checkpoint", () => openCheckpoint(proof.checkpoint, keys));
  await step("inclusion", async () => {
    const root = await rootFrom(proof.entry, proof.index, checkpoint.size, proof.path);
    if (!same(root, checkpoint.root)) refuse("the entry is not in the log that was signed");
  });
  return checkpoint;
}

// `receipt` and each of `history` are Uint8Array, `keyTexts` public keys as text. Returns what was
// shown, or throws `Refused`. `tell(step)` is called after each step that was passed.
export async function checkReceipt(receipt, history, keyTexts, tell = () => {}) {
  const reason = await cannotCheck();
  if (reason !== null) throw new Refused("browser", reason);
  const keys = await step("read", () => Promise.all(keyTexts.map(parseKey)));
  const proof = await step("read", () => parseProof(receipt));
  const checkpoint = await proved(proof, keys);
  tell("checkpoint");
  tell("inclusion");
  const entry = await step("entry", async () => {
    const parsed = parseEntry(proof.entry);
    if (parsed.origin !== checkpoint.origin || parsed.sequence !== proof.index) {
      refuse("the entry belongs in another place");
    }
    if ((parsed.kind === "genesis") !== (proof.index === 0n)) refuse("only entry 0 is a genesis");
    await requireSigned(parsed, history, keys);
    return parsed;
  });
  tell("entry");
  return {
    index: proof.index,
    size: checkpoint.size,
    origin: checkpoint.origin,
    time: entry.time,
    kind: entry.kind,
    header: entry.header,
    entry: proof.entry,
  };
}

async function requireSigned(entry, history, keys) {
  const receipts = new Map();
  for (const data of history) {
    const proof = parseProof(data);
    const checkpoint = await openCheckpoint(proof.checkpoint, keys);
    const root = await rootFrom(proof.entry, proof.index, checkpoint.size, proof.path);
    if (!same(root, checkpoint.root)) refuse("an entry that names keys is not in the log");
    const known = receipts.get(proof.index);
    if (known !== undefined && !same(known, proof.entry)) refuse("two entries in one place");
    receipts.set(proof.index, proof.entry);
  }
  const order = [...receipts.keys()].sort((left, right) => (left < right ? -1 : 1));
  if (order[0] !== 0n) refuse("the receipt of entry 0 is missing");
  let inForce = await keysFromGenesis(receipts.get(0n), entry.origin);
  let signs = inForce.entry;
  for (const index of order.slice(1)) {
    inForce = await keysAfter(inForce, index, receipts.get(index));
    if (index < entry.sequence) signs = inForce.entry;
  }
  const given = (key) => keys.some((each) => each.text === key.text);
  if (!inForce.logs.some(given)) refuse("the log is signed by a key that is not registered");
  if (signs.name !== `${entry.origin}/proxy/${entry.proxyId}`) refuse("another proxy's entry");
  await signersOf(entry.note, [signs]);
}
