import { createServer, type Server } from 'node:http'
import { after } from 'node:test'
import supertest from 'supertest'
import type { CborInput } from '../../src/demo/cbor-encode.ts'
import { hcertClaims, issueHcert } from '../../src/demo/issue-hcert.ts'
import { type SampleKind, samplePayload } from '../../src/demo/samples.ts'
import { allParameters, firstParameter, parameterValue, textParameter } from '../../src/fhir/operation.ts'
import type { Library, OperationOutcome, Parameter, Parameters, PlanDefinition } from '../../src/fhir/types.ts'
import type { VidimusServer } from '../../src/server.ts'
import { testIssuer } from './issuer.ts'
import { openTestServer } from './loaded-server.ts'

/** The clock of the questions. */
export const clock = '2026-06-01T12:00:00Z'
const issuer = testIssuer()
const sample = { issuer: 'XA', issuedAt: new Date('2026-05-31T12:00:00Z'), expires: new Date('2026-12-01T00:00:00Z') }

/** A genuine specimen of the test issuer, in force at the clock. */
export const specimen = (kind: SampleKind) => issueHcert(samplePayload(kind, sample), issuer.signer)

/** A genuine EU DCC of the test issuer with any content: whole DCC claim object. */
export const genuineDcc = (dcc: CborInput, claims: { issuer?: string } = { issuer: 'XA' }) =>
  issueHcert(
    hcertClaims({ ...claims, issuedAt: 1_780_000_000, expires: 1_790_000_000, certificate: [1, dcc] }),
    issuer.signer,
  )

/** A genuine specimen that certifies what two kinds of specimen do, each under its own subclaim. */
export function specimenOfTwo(kind: SampleKind, other: SampleKind): string {
  const [claims, more] = [samplePayload(kind, sample), samplePayload(other, sample)]
  if (!(claims instanceof Map) || !(more instanceof Map)) throw new Error('a specimen is a map of claims')
  const [certificates, others] = [claims.get(-260), more.get(-260)]
  if (!(certificates instanceof Map) || !(others instanceof Map)) throw new Error('a specimen has subclaims')
  for (const [key, certificate] of others) certificates.set(key, certificate)
  return issueHcert(claims, issuer.signer)
}

/** Members of a DCC that every specimen has; `events` such as `{ v: […] }` and changes of the person come beside. */
export const dccOf = (events: object): CborInput => ({
  ver: '1.3.0',
  nam: { fn: 'Specimen', fnt: 'SPECIMEN', gn: 'Ada', gnt: 'ADA' },
  dob: '1985-03-14',
  ...events,
})

/** The vaccination of a specimen: the second of two doses. */
export const dose = (change: object = {}) => ({
  tg: '840539006',
  vp: '1119349007',
  mp: 'EU/1/20/1528',
  ma: 'ORG-100030215',
  dn: 2,
  sd: 2,
  dt: '2026-05-01',
  co: 'XA',
  is: 'Ministry of Health (specimen)',
  ci: 'URN:UVCI:01:XA:SPECIMENV',
  ...change,
})

/** Parameters of a question about a credential, with clock and anchor. */
export function question(credential: string, ...more: Parameter[]): Parameters {
  const parameter: Parameter[] = [
    { name: 'credential', valueString: credential },
    { name: 'evaluationDateTime', valueDateTime: clock },
    { name: 'trustAnchor', valueBase64Binary: issuer.anchor },
    ...more,
  ]
  return { resourceType: 'Parameters', parameter }
}

/** One rule of a reply, as plain values; `result` is null where the reply has none. */
export interface ShownRule {
  planDefinition: string
  action: string
  library: string
  expression: string
  result: boolean | null
  message: string
}

/** An answer, read. */
export interface Verdict {
  http: number
  decision: string | undefined
  status: string | undefined
  rules: ShownRule[]
  /** Texts of the issues, of the reply's outcome or of a refusal. */
  issues: string[]
  text: string
  body: Parameters
}

/** A server of one test file, ended after its tests. */
export interface VerdictServer {
  server: VidimusServer
  http: Server
  ask(parameters: object, path?: string): Promise<Verdict>
  /** Stores an artefact, whatever the server thinks of it: by the interface, or past it as an import would. */
  store(...resources: (Library | PlanDefinition)[]): Promise<void>
}

/** Opens a server with the own content. */
export async function openVerdicts(environment: Record<string, string> = {}): Promise<VerdictServer> {
  const opened = await openTestServer({ DRAFTS: 'public', ...environment })
  const { server } = opened
  const http = createServer(server.handler)
  after(async () => {
    http.close()
    await opened.close()
  })
  return {
    server,
    http,
    async ask(parameters, path = '/fhir/$evaluate') {
      const reply = await supertest(http)
        .post(path)
        .set('Content-Type', 'application/fhir+json')
        .send(JSON.stringify(parameters))
      return readVerdict(reply.status, reply.body, reply.text)
    },
    async store(...resources) {
      for (const resource of resources)
        await server.storage.write([{ type: resource.resourceType, id: resource.id ?? '', resource, method: 'PUT' }])
    },
  }
}

/** Reads a reply of `$evaluate` or the OperationOutcome in its place. */
export function readVerdict(http: number, body: Parameters | OperationOutcome, text = JSON.stringify(body)): Verdict {
  const parameters: Parameters = body.resourceType === 'Parameters' ? body : { resourceType: 'Parameters' }
  const outcome = body.resourceType === 'Parameters' ? firstParameter(body, 'outcome')?.resource : body
  const issues = (outcome as OperationOutcome | undefined)?.issue ?? []
  return {
    http,
    decision: textParameter(parameters, 'decision'),
    status: textParameter(parameters, 'status'),
    rules: allParameters(parameters, 'rule').map(shownRule),
    issues: issues.map((each) => each.details?.text ?? each.diagnostics ?? each.code),
    text,
    body: parameters,
  }
}

function shownRule(rule: Parameter): ShownRule {
  const part = (name: string) => parameterValue(rule.part?.find((each) => each.name === name))
  const text = (name: string) => String(part(name) ?? '')
  const result = part('result')
  return {
    planDefinition: text('planDefinition'),
    action: text('action'),
    library: text('library'),
    expression: text('expression'),
    result: typeof result === 'boolean' ? result : null,
    message: text('message'),
  }
}

/** A Library around a CQL text, `active`. */
export function ruleLibrary(name: string, body: string, change: Partial<Library> = {}): Library {
  const version = change.version ?? '1'
  const cql = `library ${name} version '${version}'
using FHIR version '4.0.1'
include FHIRHelpers version '4.0.1' called FHIRHelpers
${body}`
  return {
    resourceType: 'Library',
    id: name.toLowerCase(),
    url: `http://example.org/Library/${name}`,
    name,
    version,
    status: 'active',
    type: { coding: [{ code: 'logic-library' }] },
    content: [{ contentType: 'text/cql', data: Buffer.from(cql).toString('base64') }],
    ...change,
  }
}

/** A rule set with one action for each define named, `active`, for vaccinations. */
export function rulePlan(name: string, expressions: string[], change: Partial<PlanDefinition> = {}): PlanDefinition {
  return {
    resourceType: 'PlanDefinition',
    id: name.toLowerCase(),
    url: `http://example.org/PlanDefinition/${name}`,
    name,
    version: '1',
    status: 'active',
    type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/plan-definition-type', code: 'eca-rule' }] },
    library: ['http://example.org/Library/Rules|1'],
    action: expressions.map((expression) => ({
      title: expression,
      condition: [{ kind: 'applicability', expression: { language: 'text/cql-identifier' as never, expression } }],
    })),
    ...change,
  }
}
