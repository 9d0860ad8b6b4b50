import type { IncomingMessage } from 'node:http'
import type { AnswerForm, FindDocument } from '../base/public-document.ts'
import type { AtOnceCall, Operation, OperationCall, OperationReply } from '../fhir/operation.ts'
import type { Principal } from '../fhir/principal.ts'
import type { Issue, Resource, StructureMap } from '../fhir/types.ts'
import type { Storage, Write } from '../storage/storage.ts'
import type { JobsElsewhere } from './async/elsewhere.ts'
import type { AsyncJobs } from './async/job.ts'
import type { AuditRecorder } from './audit/recorder.ts'
import type { KeptSearches } from './interactions/kept-searches.ts'
import type { UnfinishedBodies } from './limits/connections.ts'
import type { Gate } from './limits/gate.ts'
import type { HttpLimits } from './limits/http-limits.ts'
import type { RateLimits } from './limits/rate-limit.ts'
import type { Authenticate, ClientOf } from './limits/requester.ts'
import type { FhirReply, FhirRequest, Resolved, Target } from './message/exchange.ts'
import type { Patches } from './patch/patch-jobs.ts'

/** One thing that answers depend on. */
export interface ReadinessPart {
  name: string
  ready: boolean
  /** One or two words. */
  state: string
  /** Why it is not there. */
  detail?: string
}

/** Name, version and release date (FHIR date) of the running software. */
export interface Software {
  name: string
  version: string
  releaseDate: string
}

/** What an operator has left of the routes. */
interface ServedRoutes {
  writes: boolean
  /** Why a type is not served, as a sentence; undefined when it is. */
  typeOff(type: string): string | undefined
  /** Names of what is switched off. */
  off: readonly string[]
}

/** Settings of the HTTP layer. */
export interface HttpSettings {
  /** Public address of the FHIR base without a slash at the end, e.g. `https://host/fhir`. */
  baseUrl: string
  /** Bearer token that opens writes, for development. */
  developmentToken?: string
  /** How somebody proves who he is; without it by the development token alone. */
  authority?: AuthoritySettings
  /** Whether the server is in maintenance (`/health` says 204). */
  maintenance?(): boolean
  /** Largest request body, packed and unpacked, with a token. */
  bodyLimitBytes: number
  /** Addresses and CIDR ranges of proxies whose `X-Forwarded-For` counts; none without it. */
  trustedProxies?: readonly string[]
  /** What of the routes is there; all without it. */
  routes?: ServedRoutes
  /** Origins whose pages may read replies; all without it. */
  corsOrigins?: readonly string[]
  /** Whether this is a production server; a development server says so in its CapabilityStatement. */
  production: boolean
  /** Whether it publishes specimens of credentials, with codes to hold before a camera. */
  hasSpecimens?: boolean
  /** Whether other servers are asked, and the exceptions that the operator makes for some; shown in `/health`. */
  network?: { isOn: boolean; hosts: readonly { host: string; port: number }[] }
  /** How this server stands at its gateways, by their ids; shown in `/health` when there are any. */
  gateways?: () => { id: string; state: string }[]
  /** How a store that lies elsewhere stands, and since when it is away; shown in `/health` where there is one. */
  store?: () => { state: string; since?: string } | undefined
  /** The verifying jurisdiction of questions that name none, ISO 3166-1; shown in `/health` where there is one. */
  jurisdiction?: string | undefined
  /** How the key directory stands, and when it was made; shown in `/health` where there is one. */
  keyDirectory?: () => { state: string; created?: string }
  /** Folder of bodies that are too long for memory, emptied at the start; without it none is taken. */
  uploadFolder?: string
  /** Share of public reads that is recorded as AuditEvents, 0 to 1; none without it. Writes always are. */
  auditSampleRate?: number
}

/** How somebody proves who he is, as descriptions of the server tell it. */
interface AuthoritySettings {
  /** The ways that are configured; none where nobody can write. */
  proofs: readonly ('development' | 'token' | 'certificate' | 'network-key')[]
  /** Where clients get their tokens. */
  tokenEndpoint?: string
}

/** What the HTTP layer needs of rooms it may not know. */
export interface HttpHooks {
  /**
   * FHIR Mapping Language to StructureMap; `strict` refuses the lenient forms. Throws FhirError with `line L, column C:`
   * in diagnostics.
   */
  parseMap(text: string, options: { strict: boolean }): { map: StructureMap; warnings: Issue[] }
  /** The R4 spelling of a map that came in that of a later version. */
  readMap(map: StructureMap): StructureMap
  /** StructureMap to FHIR Mapping Language. */
  printMap(map: StructureMap): string
  /**
   * Judges a resource before it is stored: errors refuse the write with 422, warnings are told in the reply. `beside` are the
   * resources of the same transaction.
   */
  checkWrite(resource: Resource, beside?: Resource[]): Promise<Issue[]>
  /** Who sent a message; without it the holder of the development token alone is known. */
  authenticate?: Authenticate
  /**
   * The writes of one request as they go to the storage, in one transaction: it may judge them, have them judged inside of it, and put
   * further writes after them.
   * @throws FhirError
   */
  completeWrites?(writes: Write[], by: WrittenBy): Promise<Write[]>
  /** The write as it may go to the storage, with what it is judged by inside the transaction. */
  publishedWrite?(write: Write): Write
  /** Whether an artefact that is not stored may still come: content is being loaded. */
  isPending?(type: string, wanted: { urls?: string[]; ids?: string[] }): Promise<boolean>
  /** Grows with every change of what may still come. */
  contentEpoch?(): number
  /** What answers depend on, for `/ready`. */
  readiness?(): ReadinessPart[]
  /** The codes of a value set as token search values (`system|code`, escaped), for `:in` and `:not-in`. */
  expandTokens?(valueSet: string): Promise<string[]>
  /** A code (`system|code`, escaped) and the codes above or below it as token search values. */
  subsumedTokens?(token: string, direction: 'above' | 'below'): Promise<string[]>
  /** Whether a long reply may be written now, while clients still take others; always without it. */
  mayWrite?(bytes: number): boolean
  /** What answers forms that are posted to addresses outside of FHIR, by path: the token endpoint. */
  forms?: ReadonlyMap<string, AnswerForm>
  /** Documents that are served as bytes, in the order in which they are looked for. */
  documents?: readonly FindDocument[]
  /** What is shown to those who watch the server; nothing without it. */
  metrics?: MetricsPage
  /** What was answered within the last hour; nothing without it. */
  lastHour?: LastHourPage
  /** Counts replies that were sent again as they were; nobody does without it. */
  replyCache?: { hits: number; misses: number }
  /** How many requests a client may make; without it as many as come. */
  rates?: RateLimits
  /** Jobs of other processes of this server; without it there are none. */
  jobsElsewhere?: JobsElsewhere | undefined
  /** Why a call needs a token, as a sentence; undefined when it is open to everybody. */
  tokenFor?(operation: string, call: OperationCall): string | undefined
}

/** Numbers of the last hour. */
interface LastHourPage {
  read(): object
  /** Whether somebody may read them. @throws FhirError 401 */
  check(message: IncomingMessage): void
}

/** Metrics as a page. */
interface MetricsPage {
  contentType: string
  text(): Promise<string>
  /** @throws FhirError 401 when it is not for whoever asks */
  check(message: IncomingMessage): void
}

/** Who writes, and what he says of it. */
interface WrittenBy {
  principal: Principal | undefined
  /** The header X-Provenance as it came. */
  provenance: string | undefined
}

/** An operation bound to its context: nothing in this room knows what a context is. */
export interface BoundOperation extends Omit<Operation<never>, 'handle' | 'atOnce'> {
  call(call: OperationCall): Promise<OperationReply>
  callAtOnce?(call: AtOnceCall): Resource | undefined
}

/** Runs tasks one after the other, in the order they came. */
export type OneAtATime = <T>(task: () => Promise<T>) => Promise<T>

/** The store and the operations as somebody sees them. */
export interface View {
  storage: Storage
  operations: BoundOperation[]
}

/** Everything the interactions work with. */
export interface HttpContext {
  storage: Storage
  operations: BoundOperation[]
  /** What somebody sees who is known, where that is more. */
  viewFor?(principal: Principal): View | undefined
  settings: HttpSettings
  hooks: HttpHooks
  authenticate: Authenticate
  clientOf: ClientOf
  /** Address of a client, behind trusted proxies that which they tell. */
  addressOf(message: IncomingMessage): string
  limits: HttpLimits
  bodies: UnfinishedBodies
  /** Before batches and long pages. */
  gate: Gate
  /** Before bodies with a long attachment are read as what they are. */
  attachmentGate: Gate
  patches: Patches
  /** Requests that go on after their answer. */
  jobs: AsyncJobs
  audit: AuditRecorder
  /** What searches by name found that proved nothing of their sender. */
  keptSearches: KeptSearches
  /** Writes run one at a time, so that search and write of a conditional interaction are one step. */
  inTurn: OneAtATime
  now(): Date
  uuid(): string
  software: Software
  /** Finds the interaction of a method and a path. Throws FhirError 404, 405. */
  resolve(context: HttpContext, method: string, path: string[]): Resolved
  terminologyCapabilities?(): Promise<Resource>
}

/** One interaction: answers a request on a target. Throws FhirError. */
export type Interaction = (context: HttpContext, request: FhirRequest, target: Target) => Promise<FhirReply>
