/** The standing of trust lists as it is kept: every part that changes by itself is content of its own, and so kept once. */
import type { JsonObject } from '../../base/json-value.ts'
import type { TrustedKey } from '../keys/trusted-key.ts'
import { emptyBook } from '../revocation/gateway/batch-book.ts'
import { type HashBatch, type HashContents, type HashIndex, hashIndexOf } from '../revocation/hash-index.ts'
import type { RevocationSource } from '../revocation/revocation-lists.ts'
import type { Standing } from '../standing.ts'
import { makeTurns } from '../turns.ts'
import { decodeValue, encodeValue } from './encode.ts'
import type { KeptKeys, KeptRevocations, KeptStanding } from './entry.ts'
import type { HistoryFiles } from './history-files.ts'

/** Keys of one piece of content: what is encoded at once holds up everybody else. */
const KEYS_PER_CONTENT = 250

/** Where contents are kept, and how much of them one standing may take. */
export interface Keeping {
  files: Pick<HistoryFiles, 'addContent'>
  mostBytes: number
}

/** Keeps every part of a standing. @throws Error when it is too large or cannot be written */
export async function keepStanding(standing: Standing, { files, mostBytes }: Keeping): Promise<KeptStanding> {
  const turn = makeTurns()
  let bytes = 0
  const add = async (content: Uint8Array): Promise<string> => {
    bytes += content.length
    if (bytes > mostBytes) throw new Error(`one standing of the trust lists takes more than ${mostBytes} bytes`)
    await turn()
    return files.addContent(content)
  }
  const addValue = (value: unknown) => add(Buffer.from(JSON.stringify(encodeValue(value))))
  const addKeys = async (name: string, keys: readonly TrustedKey[]): Promise<KeptKeys> => {
    const contents: string[] = []
    for (let at = 0; at < keys.length; at += KEYS_PER_CONTENT)
      contents.push(await addValue(keys.slice(at, at + KEYS_PER_CONTENT)))
    return { name, keys: keys.length, contents }
  }
  const { leftOut = [], required = [], standings = new Map(), ...rules } = standing.rules
  const lists: KeptKeys[] = []
  for (const [place, keys] of standing.lists.entries()) lists.push(await addKeys(standing.names[place] ?? '', keys))
  const needed: KeptKeys[] = []
  for (const { name, keys } of required) needed.push(await addKeys(name, keys))
  const revocations: KeptRevocations[] = []
  for (const source of standing.revocations ?? []) revocations.push(await keepRevocations(source, { add, addValue }))
  return {
    lists,
    leftOut: await addKeys('', leftOut),
    required: needed,
    rules: await addValue(rules),
    standings: encodeValue(standings),
    ...(standing.revocations ? { revocations } : {}),
  }
}

interface Adding {
  add(content: Uint8Array): Promise<string>
  addValue(value: unknown): Promise<string>
}

async function keepRevocations(source: RevocationSource, { add, addValue }: Adding): Promise<KeptRevocations> {
  const { content, ...rest } = source
  if (!content) return { name: source.name, source: encodeValue(rest), batches: [] }
  const { hashes, cards, book, ...told } = content
  const held = await inTurns(hashes.contents())
  const batches: string[] = []
  for (const batch of held.batches) batches.push(await add(batch.hashes))
  const described = held.batches.map(({ hashes: _hashes, ...batch }) => batch)
  const lists = cards && [...cards.lists.values()].map(({ revokedBefore: _, ...list }) => list)
  return {
    name: source.name,
    source: encodeValue({ ...rest, told, gateway: book?.gateway }),
    ...(cards ? { cards: await addValue({ issuer: cards.issuer, lists }) } : {}),
    hashes: await addValue({ known: held.known, batches: described }),
    batches,
  }
}

async function inTurns<T>(steps: Generator<void, T>): Promise<T> {
  const turn = makeTurns()
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    await turn()
  }
}

/** The standing that was kept. Rejects when a part of it is not there, or not what was kept: nothing is left out of it. */
export async function readStanding(kept: KeptStanding, files: Pick<HistoryFiles, 'content'>): Promise<Standing> {
  const turn = makeTurns()
  // Content is what was kept, by its hash: what was encoded here is what comes back.
  const value = async <T>(hash: string): Promise<T> => {
    await turn()
    return decodeValue(JSON.parse((await files.content(hash)).toString('utf8'))) as T
  }
  const keysOf = async ({ keys: count, contents }: KeptKeys): Promise<TrustedKey[]> => {
    const keys: TrustedKey[] = []
    for (const hash of contents) keys.push(...(await value<TrustedKey[]>(hash)))
    if (keys.length !== count) throw new Error('keys are missing')
    return keys
  }
  const lists: TrustedKey[][] = []
  for (const each of kept.lists) lists.push(await keysOf(each))
  const required: { name: string; keys: TrustedKey[] }[] = []
  for (const each of kept.required) required.push({ name: each.name, keys: await keysOf(each) })
  const revocations: RevocationSource[] = []
  for (const each of kept.revocations ?? []) revocations.push(await readRevocations(each, { files, value }))
  const standings = decodeValue(kept.standings) as NonNullable<Standing['rules']['standings']>
  return {
    lists,
    names: kept.lists.map(({ name }) => name),
    rules: {
      ...(await value<Standing['rules']>(kept.rules)),
      leftOut: await keysOf(kept.leftOut),
      required,
      standings,
    },
    revocations: kept.revocations ? revocations : undefined,
  }
}

interface Reading {
  files: Pick<HistoryFiles, 'content'>
  value<T>(hash: string): Promise<T>
}

/** What is kept beside the contents of a revocation source. */
interface KeptSource extends Omit<RevocationSource, 'content'> {
  told?: Omit<NonNullable<RevocationSource['content']>, 'hashes' | 'cards' | 'book'>
  gateway?: string
}

async function readRevocations(kept: KeptRevocations, { files, value }: Reading): Promise<RevocationSource> {
  const { told, gateway, ...rest } = decodeValue(kept.source) as KeptSource
  if (!told || kept.hashes === undefined) return rest
  const { known, batches } = await value<HashContents>(kept.hashes)
  if (batches.length !== kept.batches.length) throw new Error('batches are missing')
  const held: HashBatch[] = []
  for (const [place, hash] of kept.batches.entries()) {
    const batch = batches[place]
    if (batch) held.push({ ...batch, hashes: await files.content(hash) })
  }
  const hashes: HashIndex = await inTurns(hashIndexOf({ known, batches: held }))
  const cards = kept.cards === undefined ? undefined : await readCards(await value<KeptCards>(kept.cards))
  const book = gateway === undefined ? {} : { book: emptyBook(gateway) }
  return { ...rest, content: { ...told, hashes, ...(cards ? { cards } : {}), ...book } }
}

interface KeptCards {
  issuer: string
  lists: (JsonObject & {
    keyId: string
    version: number
    entries: number
    revoked: Map<string, number>
    faults: string[]
  })[]
}

const readCards = ({ issuer, lists }: KeptCards) => ({
  issuer,
  lists: new Map(
    lists.map((list) => [list.keyId, { ...list, revokedBefore: (rid: string) => list.revoked.get(rid) }] as const),
  ),
})
