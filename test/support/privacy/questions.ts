import fc from 'fast-check'
import { at } from '../checker/bytes.ts'
import type { Plain } from '../checker/declared.ts'
import { readReply } from '../checker/reply.ts'
import { type Case, drawRecipe, frames, makeCase, newHolder } from '../generator/cases.ts'
import type { Holder } from '../generator/documents.ts'
import { type Random, randomFrom } from '../generator/random.ts'
import { requestStandings } from '../generator/standings.ts'
import type { Secrets, Trace } from './traces.ts'

/** Sends a request, by default a POST of FHIR JSON. */
export type Ask = (
  path: string,
  request: { method?: string; type?: string; body?: string; headers?: Record<string, string> },
) => Promise<{ status: number; text: string; headers: string }>

interface Asking {
  evaluations: number
  seed: number
  secrets: Secrets
  /** Takes a secret found in a reply that must not hold it. */
  note(trace: Trace): void
}

/** Asks about so many credentials, in every way in and with everything that can be wrong; resolves with how many. */
export async function askEverything(ask: Ask, { evaluations, seed, secrets, note }: Asking): Promise<number> {
  const standings = requestStandings()
  const drawn = fc.sample(frames, { seed, numRuns: evaluations })
  const given = drawn.map((frame) => makeCase(drawRecipe({ ...frame, world: 'request', delivery: 'http' }, standings)))
  for (const each of given) keepSecret(each, secrets)
  const guarded: Ask = async (path, request) => {
    const reply = await ask(path, request)
    // What succeeds gives its own content back.
    if (reply.status === 200 && /\$(transform|cql)$/.test(path)) return reply
    const found = secrets.search(
      `reply to ${request.method ?? 'POST'} ${path.split('?')[0]?.replace(/(HC1|shc|%7B).*/i, '<credential>')}`,
      Buffer.from(heldBack(reply.text)),
    )
    for (const trace of [...found, ...secrets.search('headers', Buffer.from(reply.headers))]) note(trace)
    return reply
  }
  for (const [number, each] of given.entries()) {
    await ways[number % ways.length]?.(guarded, each, given[(number * 7) % given.length] as Case)
    if (number % 10 === 0) await askAround(guarded, hostile(randomFrom(seed + number), secrets))
  }
  return given.length
}

/** What of a reply is searched: all, but for the evaluations of credentials that are VERIFIED, which show them. */
function heldBack(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      try {
        return JSON.stringify(withoutVerified(JSON.parse(line)))
      } catch {
        return line.includes('<valueCode value="VERIFIED"/>') ? '' : line
      }
    })
    .join('\n')
}

function withoutVerified(reply: Plain): Plain {
  if (at(reply, 'resourceType') === 'Parameters' && readReply(reply).status === 'VERIFIED') return null
  if (Array.isArray(reply)) return reply.map(withoutVerified)
  if (typeof reply !== 'object' || reply === null) return reply
  return Object.fromEntries(Object.entries(reply).map(([name, value]) => [name, withoutVerified(value)]))
}

function keepSecret({ question: { texts, markers } }: Case, secrets: Secrets): void {
  for (const marker of markers) secrets.add('holder', marker.replace(/^URN:UVCI:01:/, ''))
  for (const text of texts) {
    // Short ones are nothing but prefix and noise.
    if (text.length < 200) continue
    for (const start of [20, Math.floor(text.length / 2), text.length - 60])
      secrets.add('credential text', text.slice(start, start + 32))
  }
}

const parameters = (list: object[]) => JSON.stringify({ resourceType: 'Parameters', parameter: list })
const credentialOf = ({ question: { texts } }: Case): object[] => [
  { name: 'credential', valueString: texts[0] },
  ...texts.slice(1).map((valueString) => ({ name: 'credentialPart', valueString })),
]
const questionOf = (given: Case) => parameters([...credentialOf(given), ...given.parameters])

/** Ways to ask about a credential; the second one is company. */
const ways: ((ask: Ask, given: Case, other: Case) => Promise<unknown>)[] = [
  (ask, given) => ask('/fhir/$evaluate', { body: questionOf(given) }),
  (ask, given) => ask('/fhir/$evaluate', { body: questionOf(given), headers: { accept: 'application/fhir+xml' } }),
  (ask, given, other) =>
    ask('/fhir/$evaluate', {
      type: 'application/fhir+ndjson',
      body: [
        questionOf(given),
        '{"resourceType": "Parameters", "parameter": [',
        `${given.question.texts[0]}`,
        '"text"',
        JSON.stringify({ resourceType: 'Patient', name: [{ family: given.question.markers[0] }] }),
        questionOf(other),
      ].join('\n'),
    }),
  (ask, given, other) =>
    ask('/fhir', {
      body: JSON.stringify({
        resourceType: 'Bundle',
        type: 'batch',
        entry: [given, other].map((each) => ({
          request: { method: 'POST', url: '$evaluate' },
          resource: JSON.parse(questionOf(each)),
        })),
      }),
    }),
  (ask, given, other) =>
    ask('/fhir/$evaluate', {
      body: parameters([
        ...credentialOf(given),
        { name: 'furtherCredential', part: credentialOf(other) },
        ...given.parameters,
      ]),
    }),
  (ask, given, other) =>
    ask('/fhir/$evaluate', {
      body: parameters([
        ...credentialOf(given),
        { name: 'furtherCredential', part: [...credentialOf(other), ...credentialOf(given)] },
        ...given.parameters,
      ]),
    }),
  (ask, given) =>
    ask('/fhir/$evaluate', {
      body: parameters([
        ...credentialOf(given),
        { name: 'identity', part: [{ name: 'name', valueString: given.question.markers[0] }] },
        ...given.parameters,
      ]),
    }),
  (ask, given) =>
    ask('/fhir/$evaluate', {
      body: parameters([
        {
          name: 'credentialImage',
          valueAttachment: {
            contentType: 'image/png',
            data: Buffer.from(given.question.texts[0] ?? '').toString('base64'),
          },
        },
        ...given.parameters,
      ]),
    }),
  (ask, given) =>
    ask('/fhir/$evaluate', {
      body: parameters([
        ...credentialOf(given),
        { name: 'planDefinition', valueCanonical: 'http://example.org/fhir/PlanDefinition/never' },
        ...given.parameters,
      ]),
    }),
  (ask, given) => ask('/fhir/PlanDefinition/never/$evaluate', { body: questionOf(given) }),
  (ask, given) => ask('/fhir/$evaluate', { body: questionOf(given).replace('"credential"', '"credentail"') }),
  (ask, given) => ask('/fhir/$evaluate', { body: questionOf(given).replace('"valueString"', '"valueStrin"') }),
  (ask, given) => ask('/fhir/$evaluate', { body: questionOf(given).slice(0, -20) }),
  (ask, given) => ask('/fhir/$evaluate', { body: JSON.stringify(given.question.texts[0]) }),
  (ask, given) => ask('/fhir/$evaluate', { type: 'text/plain', body: given.question.texts[0] ?? '' }),
  (ask, given) =>
    ask(`/fhir/$evaluate?credential=${encodeURIComponent(given.question.texts[0] ?? '')}`, { method: 'GET' }),
  (ask, given) =>
    ask(`/fhir/$evaluate?credential=${encodeURIComponent((given.question.texts[0] ?? '').slice(0, 3000))}`, {
      body: parameters([]),
    }),
  (ask, given) => ask(`/fhir/${encodeURIComponent((given.question.texts[0] ?? '').slice(0, 3000))}`, { method: 'GET' }),
]

/** A person who stands in no credential. */
function hostile(random: Random, secrets: Secrets): Holder {
  const holder = newHolder(random)
  for (const [kind, value] of Object.entries(holder)) secrets.add(kind, value.replace(/^URN:UVCI:01:/, ''))
  return holder
}

/** Personal data everywhere but in a credential. */
async function askAround(ask: Ask, { family, given, birthDate, number, certificateId }: Holder): Promise<void> {
  const base64 = Buffer.from(family.repeat(20)).toString('base64')
  const name = encodeURIComponent(family)
  const anything = { name: 'credential', valueString: 'HC1:ABC' }
  const evaluate = (...list: object[]) => ask('/fhir/$evaluate', { body: parameters(list) })
  await evaluate(anything, { name: 'trustAnchor', valueBase64Binary: base64 })
  await evaluate(anything, { name: 'trustAnchor', valueBase64Binary: `${family} ${given}` })
  await evaluate(anything, {
    name: 'trustAnchor',
    valueBase64Binary: Buffer.from(JSON.stringify({ kty: 'EC', name: family })).toString('base64'),
  })
  await evaluate(anything, { name: 'evaluationDateTime', valueDateTime: `${birthDate} ${family}` })
  await evaluate(anything, { name: 'jurisdiction', valueCode: family })
  await evaluate(anything, { name: 'holder', valueString: `${given} ${family}` })
  await evaluate(anything, { name: 'credentialImage', valueAttachment: { title: family, data: base64 } })
  await evaluate({ name: 'credential', valueHumanName: { family } })
  const identity = (...part: object[]) => evaluate(anything, { name: 'identity', part })
  await identity({ name: 'name', valueString: `${given} ${family}` }, { name: 'birthDate', valueDate: birthDate })
  await identity({ name: 'name', valueString: `${given} ${family}`.repeat(40) })
  await identity({ name: 'mrz', valueString: `P<UTO${family}<<${given}` })
  await identity({ name: 'mrz', valueString: `P<UTO${family}<<${given}`.replace(/[^A-Za-z<]/g, '').padEnd(88, '<') })
  await identity({ name: 'birthDate', valueDate: `${birthDate} ${family}` })
  await evaluate(anything, { name: 'furtherCredential', part: [{ name: 'credential', valueString: `HC1:${number}` }] })
  await evaluate(anything, { name: 'passcode', valueString: family }, { name: 'recipient', valueString: given })
  await evaluate(anything, { name: 'followLinks', valueBoolean: true }, { name: 'passcode', valueString: number })
  await evaluate({ name: 'credential', valueString: `HC1:${family}` }, { name: 'credential', valueString: number })
  await evaluate(anything, {
    name: 'parameters',
    resource: { resourceType: 'Parameters', parameter: [{ name: 'Holder', valueString: family }] },
  })
  await evaluate(anything, { name: 'parameters', resource: { resourceType: 'Patient', name: [{ family }] } })
  for (const path of [
    `/fhir/Patient?name=${name}&birthdate=${birthDate}`,
    `/fhir/Patient/${number}`,
    `/fhir/Immunization?identifier=${certificateId}`,
    `/fhir/$evaluate?holder=${name}`,
    `/${name}`,
    `/health?person=${name}`,
  ])
    await ask(path, {
      method: 'GET',
      headers: {
        'user-agent': family,
        referer: `https://example.org/${family}`,
        authorization: `Bearer ${family}`,
        'x-forwarded-for': family,
      },
    })
  await ask('/fhir/Patient', { body: JSON.stringify({ resourceType: 'Patient', name: [{ family }], birthDate }) })
  await ask('/fhir/Patient/_search', { type: 'application/x-www-form-urlencoded', body: `name=${name}` })
  await askOperations(ask, { family, birthDate, number })
}

/** Personal content for maps and expressions, where it fails: what succeeds gives its own content back. */
async function askOperations(
  ask: Ask,
  { family, birthDate, number }: Pick<Holder, 'family' | 'birthDate' | 'number'>,
): Promise<void> {
  const patient = { resourceType: 'Patient', id: 'p', name: [{ family }], birthDate, identifier: [{ value: number }] }
  const failing = `map "http://example.org/StructureMap/Failing" = Failing
    uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
    uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as target
    group Failing(source src : Patient, target tgt : Patient) { src.name as name -> tgt.birthDate = (name.family.toInteger() / 0) "x"; src.birthDate as b -> tgt.name = cast(b, 'integer') "y"; }`
  const parsed = await ask('/fhir/StructureMap/$convert', { type: 'text/fhir-mapping', body: failing })
  const sourceMap = parsed.status === 200 ? JSON.parse(parsed.text) : {}
  const transform = {
    resourceType: 'Parameters',
    parameter: [
      { name: 'sourceMap', resource: sourceMap },
      { name: 'content', resource: patient },
    ],
  }
  const unreadable = {
    resourceType: 'Parameters',
    parameter: [
      { name: 'source', valueUri: 'http://example.org/none' },
      { name: 'content', resource: { ...patient, birthDate: family } },
    ],
  }
  for (const body of [JSON.stringify(transform), JSON.stringify(unreadable), `${JSON.stringify(patient)}}`])
    await ask('/fhir/StructureMap/$transform', { body })
  const data = {
    name: 'data',
    resource: { resourceType: 'Bundle', type: 'collection', entry: [{ resource: patient }] },
  }
  const parameter = { resourceType: 'Parameters', parameter: [{ name: 'p', valueString: family }] }
  const expression = (valueString: string) => ({ name: 'expression', valueString })
  const raised = "Message('x', true, '1', 'Error', First([Patient]).name[0].family.value)"
  for (const list of [
    [expression(raised), { name: 'subject', valueString: 'Patient/p' }, data],
    [expression(`ToInteger('${family}') + 'x'`)],
    [expression('1 +'), { name: 'parameters', resource: parameter }],
  ])
    await ask('/fhir/$cql', { body: parameters(list) })
}
