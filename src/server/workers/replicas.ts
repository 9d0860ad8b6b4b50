/**
 * Servers on several machines over one store: each says that it is there, and by which keys others know it. Behind a balancer all of them
 * are one server, so that a token of one must be a token of all.
 */
import { randomInt, randomUUID } from 'node:crypto'
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
import { isElsewhere } from '../../storage/open.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Tell } from '../front/log.ts'

const KIND = 'replica'
const FILE = 'replica'
/** How often a replica counts up, and how long its count stands still before it is taken to be gone, in milliseconds. */
const beatMilliseconds = 2_000
const goneMilliseconds = 10_000
/** Numbers of the processes of one replica. */
const processesOfOne = 100_000

/** For so long a record that nobody changes is kept, at least, in milliseconds. */
const keptMilliseconds = 3_600_000

/** What a replica says of itself. */
interface Said {
  beat: number
  /** Name of the processes that say it: those of another start, or of a copy of this one's folder, have another. */
  group?: string
  /** Key that signs access tokens, where it issues any. */
  tokens?: string
  /** Key that signs what it publishes. */
  signing?: string
}

/** Number of the replica whose folder this is, made when it is first asked for. @throws Error for a person, with a code */
function replicaNumber(dataDir: string): number {
  mkdirSync(dataDir, { recursive: true })
  // Two processes that begin together come to the same.
  writeNewFile(dataDir, FILE, String(randomInt(1, 1_000_000)))
  const text = readFileSync(join(dataDir, FILE), 'latin1')
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw fatal(`${join(dataDir, FILE)} has no number from 1 to 999999: remove the file, and it is made anew`)
}

const fatal = (text: string) => Object.assign(new Error(text), { code: 'REPLICAS' })

interface ReplicaParts {
  config: Pick<Config, 'dataDir' | 'storageUrl' | 'production' | 'authority'>
  records: Storage['records']
  signing: Pick<SigningKeys, 'current'>
  tell: Tell
  /** Name of the processes that are this replica together, by default of this one alone. */
  group?: string | undefined
  /** Milliseconds of a clock that only moves forward, and a wait of so many; those of the process. */
  elapsed?: () => number
  pause?: (milliseconds: number) => Promise<unknown>
}

/** This server among others over the same store. */
export interface Replica {
  /**
   * Before it listens: what is told at the start of a development server stops one in production, for with keys of their own replicas
   * refuse each other's tokens. Two that are one by their number are refused in any case.
   * @throws Error for a person, with a code
   */
  check(): Promise<void>
  /** Says from now on that it is there; of several processes one does. */
  begin(): Promise<void>
  end(): Promise<void>
}

/** The replica that this server is; undefined where the store is one machine's alone. */
export function createReplica(parts: ReplicaParts): Replica | undefined {
  const { config, tell, group = randomUUID() } = parts
  if (!isElsewhere(config.storageUrl)) return undefined
  const timers: NodeJS.Timeout[] = []
  let leave: () => Promise<void> = async () => {}
  // A command opens the same server, and is no replica.
  const number = () => String(replicaNumber(config.dataDir))
  const own = () => ({ group, ...saysOf(parts) })
  return {
    async check() {
      for (const fault of await differences(number(), own(), parts)) {
        if (fault.weight === 'always' || (config.production && fault.weight === 'production')) throw fatal(fault.text)
        tell(fault.text, 'warn')
      }
    },
    async begin() {
      const failed = sayingOnce((text) => tell(`this replica cannot be told of: ${text}`, 'warn'))
      const { on, sweep, off } = counting(number(), own(), parts)
      leave = off
      const every = async (milliseconds: number, work: () => Promise<void>) => {
        const tryIt = () => work().then(() => failed(undefined), failed)
        timers.push(setInterval(tryIt, milliseconds).unref())
        // A store that is away keeps nobody from leading: it is tried again.
        await tryIt()
      }
      await every(beatMilliseconds, on)
      await every(keptMilliseconds, sweep)
    },
    async end() {
      for (const timer of timers.splice(0)) clearInterval(timer)
      // A store that is away remembers a replica that counts no more.
      await leave().catch(() => undefined)
    },
  }
}

/** Tells what fails, and nothing twice in a row. */
function sayingOnce(say: (text: string) => void): (error: unknown) => void {
  let last: string | undefined
  return (error) => {
    const text = error === undefined ? undefined : errorText(error)
    if (text !== undefined && text !== last) say(text)
    last = text
  }
}

/** What a replica writes into the store. */
interface Counting {
  on(): Promise<void>
  off(): Promise<void>
  /** Removes records of others that are as they were the last time. */
  sweep(): Promise<void>
}

function counting(number: string, own: Omit<Said, 'beat'>, { records, tell }: ReplicaParts): Counting {
  let beat = 0
  let said: string | undefined
  let wasOther = true
  let others = new Map<string, string>()
  const put = async (to: string | undefined): Promise<boolean> => {
    if (!(await records.replace(KIND, number, said, to))) return false
    said = to
    return true
  }
  return {
    async on() {
      const next = JSON.stringify({ ...own, beat: ++beat } satisfies Said)
      const isUndisturbed = await put(next)
      if (!isUndisturbed) said = await records.get(KIND, number)
      // At first that of whoever led before this one; later of one whose check did not see this one count, as this one's did not see it.
      const isOther = !isUndisturbed && said !== undefined && read(said).group !== own.group
      if (isOther && !wasOther) tell(sameNumber(number), 'error')
      wasOther = isOther
      if (!isUndisturbed) await put(next)
    },
    off: async () => void (await put(undefined)),
    async sweep() {
      const now = (await records.all(KIND)).filter(({ key }) => key !== number)
      for (const { key, value } of now)
        if (others.get(key) === value) await records.replace(KIND, key, value, undefined)
      others = new Map(now.map(({ key, value }) => [key, value]))
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

/** What keeps a server from starting: any, or one in production; or is told alone. */
interface Fault {
  text: string
  weight: 'always' | 'production' | 'told'
}

/** How this one differs from others that are there. */
async function differences(
  number: string,
  own: Omit<Said, 'beat'>,
  { records, elapsed = () => performance.now(), pause = sleep }: ReplicaParts,
): Promise<Fault[]> {
  const faults = ({ key, value }: { key: string; value: string }) =>
    faultsBetween(number, own, { key, said: read(value) })
  const suspects = (await records.all(KIND)).filter((each) => faults(each).length > 0)
  if (suspects.length === 0) return []
  // One that counts is there; one that does not was there once.
  const until = elapsed() + goneMilliseconds
  const before = new Map(suspects.map(({ key, value }) => [key, value]))
  let there: { key: string; value: string }[] = []
  while (there.length === 0 && elapsed() < until) {
    await pause(beatMilliseconds / 4)
    there = (await records.all(KIND)).filter(({ key, value }) => before.has(key) && before.get(key) !== value)
  }
  if (there.length > 0) return there.flatMap(faults)
  // Nobody waits for them a second time.
  for (const { key, value } of suspects) await records.replace(KIND, key, value, undefined)
  return []
}

function faultsBetween(number: string, own: Omit<Said, 'beat'>, { key, said }: { key: string; said: Said }): Fault[] {
  if (key === number) return said.group === own.group ? [] : [{ text: sameNumber(number), weight: 'always' }]
  const faults: Fault[] = []
  if (own.tokens !== undefined && said.tokens !== undefined && own.tokens !== said.tokens)
    faults.push({
      text: `replica ${key} over the same store signs access tokens with another key: a token of one is refused by the other. Bring keys/access-tokens.jwk.json of one into DATA_DIR of all (docs/operator.md, Several machines)`,
      weight: 'production',
    })
  if (own.signing !== undefined && said.signing !== undefined && own.signing !== said.signing)
    faults.push({
      text: `replica ${key} over the same store signs with another key (${said.signing}, here ${own.signing}): set the same SIGNING_KEY and SIGNING_CERTIFICATE for all; a development key is made by each for itself`,
      weight: 'told',
    })
  return faults
}

const sameNumber = (number: string) =>
  `another server over the same store is replica ${number}, too: its DATA_DIR was copied. Remove the file \`${FILE}\` of the copy, and its server gets a number of its own`

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
