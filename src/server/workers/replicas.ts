/**
 * Servers on several machines over one store: each says that it is there, and by which keys others know it. Behind a balancer all of them
 * are one server, so that a token of one must be a token of all.
 */
import { randomInt } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorText } from '../../base/system-error.ts'
import type { Config } from '../../config.ts'
import { FhirError, issue } from '../../fhir/error.ts'
import { writeNewFile } from '../../files/new-file.ts'
import type { JobsElsewhere } from '../../http/async/elsewhere.ts'
import { ownPlaces } from '../../http/async/job-register.ts'
import { ownKey } from '../../network/own-key.ts'
import type { SigningKeys } from '../../provenance/keys.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Tell } from '../front/log.ts'

const KIND = 'replica'
const FILE = 'replica'
/** How often a replica counts up, and how long its count stands still before it is taken to be gone, in milliseconds. */
const beatMilliseconds = 2_000
const goneMilliseconds = 10_000
/** Numbers of the processes of one replica. */
const processesOfOne = 100_000

/** What a replica says of itself. */
interface Said {
  beat: number
  /** Key that signs access tokens, where it issues any. */
  tokens?: string
  /** Key that signs what it publishes. */
  signing?: string
}

/** Whether a store is one that several machines share. */
export const isShared = ({ storageUrl }: Pick<Config, 'storageUrl'>): boolean => !storageUrl.startsWith('sqlite:')

/** Number of the replica whose folder this is, made when it is first asked for. */
function replicaNumber(dataDir: string): number {
  mkdirSync(dataDir, { recursive: true })
  // Two processes that begin together come to the same.
  writeNewFile(dataDir, FILE, String(randomInt(1, 1_000_000)))
  return Number(readFileSync(join(dataDir, FILE), 'latin1'))
}

interface ReplicaParts {
  config: Pick<Config, 'dataDir' | 'storageUrl' | 'production' | 'authority'>
  records: Storage['records']
  signing: Pick<SigningKeys, 'current'>
  tell: Tell
  /** Other processes say the same for this replica, and go on when this one ends. */
  isOneOfSeveral?: boolean
}

/** A replica that has joined the others. */
export interface Joined {
  close(): Promise<void>
}

/**
 * Joins the others over the same store; what is told at the start of a development server stops one in production: with keys of their
 * own, replicas refuse each other's tokens.
 * @throws Error for a person, with a code
 */
export async function joinReplicas(parts: ReplicaParts): Promise<Joined> {
  const { config, records, tell } = parts
  const own = saysOf(parts)
  const number = String(replicaNumber(config.dataDir))
  for (const fault of await differences(number, own, records)) {
    if (config.production && fault.isGrave) throw Object.assign(new Error(fault.text), { code: 'REPLICAS' })
    tell(fault.text, 'warn')
  }
  let said: string | undefined = await records.get(KIND, number)
  const say = async (to: string | undefined) => {
    if (await records.replace(KIND, number, said, to)) said = to
    else said = await records.get(KIND, number)
  }
  let beat = 0
  const count = () => say(JSON.stringify({ ...own, beat: ++beat } satisfies Said))
  await count()
  let failure: string | undefined
  const timer = setInterval(() => {
    count().then(
      () => {
        failure = undefined
      },
      (error: unknown) => {
        const text = errorText(error)
        if (text !== failure) tell(`this replica cannot be told of: ${text}`, 'warn')
        failure = text
      },
    )
  }, beatMilliseconds).unref()
  return {
    async close() {
      clearInterval(timer)
      // What nobody counts up any more counts for no longer than that of one that was killed.
      if (parts.isOneOfSeveral) return
      // A store that is away remembers a replica that counts no more.
      await say(undefined).catch(() => undefined)
    },
  }
}

function saysOf({ config, signing }: ReplicaParts): Omit<Said, 'beat'> {
  const issues = config.authority.clients.some(({ keys }) => keys.length > 0)
  const key = signing.current()?.keyId
  return {
    ...(issues ? { tokens: ownKey(config.dataDir, 'access-tokens.jwk.json').keyId } : {}),
    ...(key === undefined ? {} : { signing: key }),
  }
}

/** How this one differs from others that are there. */
async function differences(number: string, own: Omit<Said, 'beat'>, records: Storage['records']) {
  const differing = (said: Said) =>
    (own.tokens !== undefined && said.tokens !== undefined && own.tokens !== said.tokens) ||
    (own.signing !== undefined && said.signing !== undefined && own.signing !== said.signing)
  const others = async () => (await records.all(KIND)).filter(({ key }) => key !== number)
  const suspects = (await others()).filter(({ value }) => differing(read(value)))
  if (suspects.length === 0) return []
  // One that counts is there; one that does not was there once.
  const until = performance.now() + goneMilliseconds
  const before = new Map(suspects.map(({ key, value }) => [key, value]))
  let there: { key: string; value: string }[] = []
  while (there.length === 0 && performance.now() < until) {
    await sleep(beatMilliseconds / 4)
    there = (await others()).filter(({ key, value }) => before.has(key) && before.get(key) !== value)
  }
  return there.flatMap(({ key, value }) => faultsBetween(own, read(value), key))
}

function faultsBetween(own: Omit<Said, 'beat'>, said: Said, number: string) {
  const faults: { text: string; isGrave: boolean }[] = []
  if (own.tokens !== undefined && said.tokens !== undefined && own.tokens !== said.tokens)
    faults.push({
      text: `replica ${number} over the same store signs access tokens with another key: a token of one is refused by the other. Bring keys/access-tokens.jwk.json of one into DATA_DIR of all (docs/operator.md, Several machines)`,
      isGrave: true,
    })
  if (own.signing !== undefined && said.signing !== undefined && own.signing !== said.signing)
    faults.push({
      text: `replica ${number} over the same store signs with another key (${said.signing}, here ${own.signing}): set the same SIGNING_KEY and SIGNING_CERTIFICATE for all; a development key is made by each for itself`,
      isGrave: false,
    })
  return faults
}

/** Written here alone. */
function read(text: string): Said {
  const said: Said = JSON.parse(text)
  return said
}

/** Whether a replica is there: it has said so, and what it says has changed within the time in which it counts up several times. */
function presence(
  records: Pick<Storage['records'], 'get'>,
  elapsed: () => number,
): (number: string) => Promise<boolean> {
  const seen = new Map<string, { value: string; at: number }>()
  return async (number) => {
    const value = await records.get(KIND, number)
    if (value === undefined) {
      seen.delete(number)
      return false
    }
    const before = seen.get(number)
    if (before?.value === value) return elapsed() - before.at < goneMilliseconds
    seen.set(number, { value, at: elapsed() })
    return true
  }
}

/**
 * Asynchronous jobs where a job may be at another replica: it is held there in memory, for it may be about a person, and nobody else has
 * it. Who asks the wrong one is told to ask again.
 */
export function jobsOfReplica(
  { dataDir }: Pick<Config, 'dataDir'>,
  records: Storage['records'],
  own: JobsElsewhere | undefined,
  elapsed = () => performance.now(),
): JobsElsewhere {
  const isThere = presence(records, elapsed)
  const first = replicaNumber(dataDir) * processesOfOne
  const beside = own ?? {
    process: 0,
    ...ownPlaces(),
    ask: async () => undefined,
    answer: () => {},
  }
  return {
    ...beside,
    process: first + beside.process,
    async ask({ process, ...question }) {
      const replica = Math.floor(process / processesOfOne)
      if (replica * processesOfOne === first) return beside.ask({ process: process - first, ...question })
      if (!(await isThere(String(replica)))) return undefined
      const text = 'This job is at another server behind the same address, which alone has it; ask again.'
      throw new FhirError(503, issue('transient', text), { 'Retry-After': '1', 'Cache-Control': 'no-store' })
    },
  }
}
