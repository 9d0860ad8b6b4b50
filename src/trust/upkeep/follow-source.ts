/**
 * Sources as another process of this server has read them: one asks and writes copies, the others follow. What they cannot read for
 * themselves – that a reading failed, and what it put in doubt – is told to them.
 */
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { stringifyJson } from '../../base/json.ts'
import { keepPerObject } from '../../base/keep.ts'
import { decodeValue, encodeValue } from '../history/encode.ts'
import type { Suspension } from '../keys/objections.ts'
import type { TrustedKey } from '../keys/trusted-key.ts'
import { isRemote, type SourceContent } from '../lists/trust-source.ts'
import { identityOf } from './copy-meta.ts'
import { fromFirstCopy } from './first-copy.ts'
import { adoptCopy, readAgain } from './read-source.ts'
import { present, type SourceState, type Upkeep } from './source-state.ts'
import { withWaiting } from './waiting-list.ts'

/** How a source stands, for who follows. Plain JSON. */
export interface SourceNews {
  name: string
  /** Another one wherever another key may count, or another credential be withdrawn. */
  print: string
  /** What the last reading left beside the content, encoded. */
  standing: unknown
}

type Told = Pick<
  SourceState,
  'failure' | 'suspended' | 'withdrawsUnknown' | 'isAbsent' | 'copyFault' | 'readAt' | 'checkedAt'
> & { waits?: string }

/** How a source stands here. */
export function newsOf(state: SourceState): SourceNews {
  const { failure, suspended, withdrawsUnknown, isAbsent, copyFault, readAt, checkedAt, waiting } = state
  const told = {
    failure,
    suspended,
    withdrawsUnknown,
    isAbsent,
    copyFault,
    readAt,
    checkedAt,
    waits: waiting?.identity,
  }
  return { name: state.source.name, print: printOf(state), standing: encodeValue(told) }
}

/** Brings each source to how it stands elsewhere, as far as copies and files show it; whether it is so is told by its print. */
export function followed(all: readonly SourceNews[]): (before: SourceState, upkeep: Upkeep) => Promise<SourceState> {
  const byName = new Map(all.map((each) => [each.name, each]))
  return async (before, upkeep) => {
    const news = byName.get(before.source.name)
    return news ? followSource(before, news, { ...upkeep, keepsCopies: false }) : before
  }
}

async function followSource(before: SourceState, news: SourceNews, upkeep: Upkeep): Promise<SourceState> {
  const isOther = printOf(before) !== news.print
  if (!isRemote(before.source)) return isOther ? readAgain(before, upkeep) : before
  // The copy is looked at whether or not it was before.
  const { stamp: _, ...unseen } = before
  const adopted = isOther ? await adoptCopy(unseen, upkeep) : before
  const read = printOf(adopted) === news.print ? adopted : ((await fromFirstCopy(adopted, upkeep)) ?? adopted)
  const { waits, ...told } = decodeValue(news.standing as ReturnType<typeof encodeValue>) as Told
  const { failure: _1, suspended: _2, withdrawsUnknown: _3, isAbsent: _4, copyFault: _5, ...rest } = read
  const standing = await withThatWait(rest, waits, upkeep)
  return { ...standing, ...present(told) }
}

/** Whether all sources stand as others say. */
export function standAlike(own: readonly SourceNews[], others: readonly SourceNews[]): boolean {
  const prints = new Map(own.map(({ name, print }) => [name, print]))
  return prints.size === others.length && others.every(({ name, print }) => prints.get(name) === print)
}

async function withThatWait(state: SourceState, waits: string | undefined, upkeep: Upkeep): Promise<SourceState> {
  if (state.waiting?.identity === waits) return state
  const { waiting: _, withdrawals: __, ...rest } = state
  return waits === undefined ? rest : withWaiting(rest, upkeep)
}

/** Everything of a state that decides which keys count and what is withdrawn, but for times. */
function printOf({ content, withdrawals = [], suspended = [], withdrawsUnknown = false, waiting, held }: SourceState) {
  const isOfRevocation = content?.revocation !== undefined
  return sha256Hex(
    JSON.stringify([
      content ? contentPrint(content) : '',
      withdrawals.map(contentPrint),
      suspended.map(suspensionPrint).sort(),
      withdrawsUnknown,
      waiting?.identity ?? '',
      // Withdrawn credentials are very many, and expire while they are held: their files tell which they are.
      isOfRevocation && held ? identityOf(held.documents) : '',
    ]),
  )
}

const contentPrint = keepPerObject(({ keys, leftOut, distrust, suspended = [] }: SourceContent) => {
  const lists = [
    keys.map(keyPrint).sort(),
    leftOut.map(({ entry, key }) => `${entry} ${key ? keyPrint(key) : ''}`).sort(),
    suspended.map(suspensionPrint).sort(),
    distrust ?? null,
  ]
  return sha256Hex(JSON.stringify(lists))
})

/** Whatever a key has decides what it is good for, members that come later included; warnings are told to people alone. */
const keyPrint = keepPerObject(({ warnings: _, revocationList, ...deciding }: TrustedKey) =>
  // A revocation list stands as it was written, numbers of which the text is kept included.
  sha256Hex(JSON.stringify([encodeValue(deciding), revocationList === undefined ? '' : stringifyJson(revocationList)])),
)

const suspensionPrint = ({ key, reason }: Suspension) => `${keyPrint(key)} ${reason}`
