import { asJson } from './json.ts'
import type { Principal } from './principal.ts'
import type { Parameter, Parameters, Resource } from './types.ts'

/** One parameter of an operation, as OperationDefinition.parameter describes it. */
export interface ParameterDeclaration {
  name: string
  use: 'in' | 'out'
  min: number
  max: string
  /** FHIR type; `Any` or a resource type for resources; absent when the parameter has parts. */
  type?: string
  documentation: string
  /** Refused in the address: it carries personal data. */
  personal?: boolean
  /** The levels at which it may be given; every level when absent. */
  scope?: OperationLevel[]
  part?: ParameterDeclaration[]
}

/** At which level an operation was called (https://hl7.org/fhir/R4/operations.html#executing). */
export type OperationLevel = 'system' | 'type' | 'instance'

/** One write of an operation. POST gives a resource without id a new one. */
export interface Change {
  method: 'POST' | 'PUT' | 'DELETE'
  type: string
  id?: string
  resource?: Resource
  /** One of these versions must be current (If-Match). */
  ifMatch?: readonly string[]
}

/** What became of it. */
export interface Changed {
  outcome: 'created' | 'updated' | 'unchanged' | 'deleted'
  version: { type: string; id: string; versionId: string; lastUpdated: string; resource: Resource | undefined }
}

/** A call as the handler sees it, whatever the transport. */
export interface OperationCall {
  level: OperationLevel
  /** Resource type in the path, for type and instance level. */
  resourceType?: string
  /** Logical id in the path, for instance level. */
  id?: string
  /** Version id in the path, when a version was named. */
  versionId?: string
  /**
   * In-parameters: of the Parameters body, or of the query string (as `valueString`), or — for an operation
   * whose body is a bare resource — one parameter named `resource`.
   */
  parameters: Parameters
  /** The body as it came, when its content type is one of the operation's `accepts`. */
  body?: {
    contentType: string
    bytes: Uint8Array
    /** Path of the body where the operation `spools`; `bytes` is empty then. The file goes when the call ends. */
    file?: string
  }
  /** Media type asked for by `Accept` or `_format`; undefined for plain FHIR. */
  accept?: string
  /** Accept-Language, verbatim. */
  acceptLanguage?: string
  /** All request headers, lower case. */
  headers: Record<string, string | undefined>
  /** Who asks, as far as it can be told: what takes long is done in turns, client by client. */
  client?: string
  /** Whether the client has gone: nobody waits for the answer any more. */
  isGone?: (() => boolean) | undefined
  /** Who asks, where that was proved. */
  principal?: Principal
  /**
   * Writes as a request to REST does: checked, judged by whose artefacts they are, with Provenance and AuditEvents, all or none. There
   * when the operation has `affectsState`.
   * @throws FhirError
   */
  commit?(changes: Change[]): Promise<Changed[]>
  /**
   * Judges content as {@link commit} would, and stores nothing; beside it.
   * @throws FhirError 422
   */
  check?(changes: Change[]): Promise<void>
  /** Tells how far an asynchronous call is, in a few words. */
  progress?(text: string): void
  /** An asynchronous call was cancelled. */
  signal?: AbortSignal
  /** What the request may compute on the server's own thread; absent where a call can cost little. */
  budget?: () => OperationBudget
}

/** CPU time of a request, see workers/budget.ts. */
export interface OperationBudget {
  spend<T>(work: () => T): T
  run<T>(work: () => T): Promise<T>
  runAsync<T>(work: () => Promise<T>): Promise<T>
  runSteps<T>(steps: Generator<void, T, void>): Promise<T>
  tick(): boolean
  part(cpuMilliseconds: number): OperationBudget
}

/** What a handler answers: a resource, or raw bytes of another content type. */
export interface OperationReply {
  status?: number
  headers?: Record<string, string>
  resource?: Resource
  /** Anything that is not a FHIR resource, e.g. FML text or a logical instance. */
  raw?: { contentType: string; body: string | Uint8Array | AsyncIterable<string | Uint8Array> }
}

/**
 * One operation, declared once: routes, OperationDefinition, CapabilityStatement and OpenAPI are derived
 * from it. `Context` is what the server gives to handlers.
 */
export interface Operation<Context> {
  /** Without the dollar sign. */
  name: string
  title: string
  description: string
  /** Canonical of the standard's OperationDefinition, when it implements one. */
  base?: string
  system?: boolean
  /** Resource types that have it at type level. */
  type?: string[]
  /** Resource types that have it at instance level. */
  instance?: string[]
  /** GET allowed (only when it changes nothing and carries no personal data). */
  get?: boolean
  /** Needs write permission. */
  affectsState?: boolean
  /** Raw media types that are passed through in `OperationCall.body` and not parsed. `*` + `/json`-like suffixes are not understood: list each. */
  accepts?: string[]
  /** Largest Parameters body, packed and unpacked, with a token or without; 413 above. Else the server's own limits hold. */
  bodyLimitBytes?: number
  /** The same when all that is beyond `bodyLimitBytes` is the base64 of one attachment. */
  attachmentBodyLimitBytes?: number
  /** The same for a body in one of `accepts`. */
  rawBodyLimitBytes?: number
  /** The resource in a parameter is what is judged: it comes whatever its shape. */
  judgesResource?: boolean
  /** Answered with 202 and the address of its status; one call of each client at a time. */
  asynchronous?: boolean
  /** Bodies in one of `accepts` are written to a file as they come, up to so many bytes. */
  spoolBytes?: number
  /**
   * Judges a call by its address, before the body is read; `isFile` when that is in one of `accepts`.
   * @throws FhirError
   */
  admit?(parameters: Parameters, by: { resourceType: string; principal: Principal | undefined; isFile: boolean }): void
  /** May be called on a version of an instance, too: `[type]/[id]/_history/[versionId]/$name`. */
  versions?: boolean
  /** May take long whatever is asked: calls have a budget even if they bring nothing along. */
  costly?: boolean
  /** Never cached, body never logged: the call carries personal data. */
  personal?: boolean
  parameters: ParameterDeclaration[]
  /** Bodies to learn from, by name, for the OpenAPI description. */
  examples?: Record<string, { summary: string; value: Parameters }>
  /**
   * Parameters must be as declared: an unknown name, a repetition or a wrong type is refused (`checkDeclared`). Without it they
   * are let through, as the terminology operations of the HL7 ecosystem need it, whose clients send more than is declared.
   */
  strict?: boolean
  /** Names that belong to the operation's contract and that this version does not support: refused by name, never ignored. */
  notSupported?: string[]
  /**
   * Refuses what this server does not take, before anything is said of how it is declared.
   * @throws FhirError
   */
  refuse?(given: Parameters): void
  /** What an AuditEvent may say of an answer, by name: nothing of a person. */
  audited?(answer: Resource): { type: string; value: string }[]
  handle(call: OperationCall, context: Context): Promise<OperationReply>
  /**
   * What {@link handle} would answer to a call by GET at type level whose headers say nothing to it, where that is in memory and
   * costs little; undefined where it is not, and where it is an error: then it is handled. It changes nothing.
   */
  atOnce?(call: AtOnceCall, context: Context): Resource | undefined
}

/** A call that may be answered without waiting for anything. */
export type AtOnceCall = Pick<OperationCall, 'parameters' | 'resourceType' | 'acceptLanguage'>

/** Identity with types: the only way an operation is declared. */
export function defineOperation<Context>(operation: Operation<Context>): Operation<Context> {
  return operation
}

/** The value of a parameter, whatever its `value[x]`; the resource when it holds one. */
export function parameterValue(parameter: Parameter | undefined): unknown {
  if (!parameter) return undefined
  if (parameter.resource) return parameter.resource
  const members = asJson(parameter)
  for (const member in members) if (member.startsWith('value')) return members[member]
  return undefined
}

/** All parameters of that name, in order. */
export function allParameters(parameters: Parameters, name: string): Parameter[] {
  const found: Parameter[] = []
  // A loop here and below: every operation asks for a dozen names, most of them absent.
  for (const each of parameters.parameter ?? []) if (each.name === name) found.push(each)
  return found
}

/** The first parameter of that name. */
export function firstParameter(parameters: Parameters, name: string): Parameter | undefined {
  const list = parameters.parameter
  if (list) for (const each of list) if (each.name === name) return each
  return undefined
}

/** Where a parameter of a name stands, as a FHIRPath expression for an issue. */
export const parameterAt = (name: string): string => `Parameters.parameter.where(name = '${name}')`

/** Text of a primitive parameter (string, uri, code, canonical, dateTime… alike); undefined when absent or not primitive. */
export function textParameter(parameters: Parameters, name: string): string | undefined {
  const value = parameterValue(firstParameter(parameters, name))
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : undefined
}

/** Texts of a repeating primitive parameter. */
export function textParameters(parameters: Parameters, name: string): string[] {
  const texts: string[] = []
  for (const each of allParameters(parameters, name)) {
    const value = parameterValue(each)
    if (typeof value === 'string') texts.push(value)
  }
  return texts
}

/** Boolean parameter, also sent as text `true`/`false`. */
export function booleanParameter(parameters: Parameters, name: string): boolean | undefined {
  const text = textParameter(parameters, name)
  return text === 'true' ? true : text === 'false' ? false : undefined
}
