import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FhirError } from '../../../src/fhir/error.ts'
import type { Parameters } from '../../../src/fhir/types.ts'
import { at, fromBase45 } from '../../support/checker/bytes.ts'
import type { Plain } from '../../support/checker/declared.ts'
import type { Case, Frame } from '../../support/generator/cases.ts'
import { listedWorld, withdrawnWorld } from '../../support/generator/listed-standings.ts'
import { testRules } from '../../support/generator/questions.ts'
import { requestStandings, type Standing } from '../../support/generator/standings.ts'
import { openTestServer } from '../../support/loaded-server.ts'

/** A server with what it trusts. */
export interface World {
  standings: Standing[]
  /** Asks the server as the case wants it to be asked. */
  ask(given: Case): Promise<Answer>
  /** Asks it in process, however the case wants it. */
  askInProcess(given: Case): Promise<Answer>
  close(): Promise<void>
}

/** `status` of HTTP, also where no HTTP was used. */
export interface Answer {
  status: number
  body: Plain
}

/** Opens a world: its server takes the keys of requests, or has lists; with lists it is strict about domains. */
export async function worldOf(name: Frame['world']): Promise<World> {
  if (name === 'request') return openWorld(requestStandings(), { TRUST_LISTS: '[]' })
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-lists-'))
  const make = name === 'lists' ? listedWorld : withdrawnWorld
  const { standings, trustLists } = await make(join(folder, 'lists'))
  const settings = { TRUST_LISTS: trustLists, ALLOW_REQUEST_TRUST_ANCHORS: 'false', DOMAIN_MISMATCH: 'fail' }
  const world = await openWorld(standings, settings)
  const close = async () => {
    await world.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { ...world, close }
}

async function openWorld(standings: Standing[], environment: Record<string, string>): Promise<World> {
  const { server, close } = await openTestServer(environment)
  // A connection rests while verdicts are worked out in this same process: one that was closed meanwhile would be found closed too late.
  const http = createHttpServer({ keepAliveTimeout: 0 }, server.handler)
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done))
  const { port } = http.address() as AddressInfo
  const send = async (method: string, path: string, body: object): Promise<Answer> => {
    const headers = { 'content-type': 'application/fhir+json', authorization: 'Bearer test' }
    const reply = await fetch(`http://127.0.0.1:${port}/fhir/${path}`, { method, headers, body: JSON.stringify(body) })
    return { status: reply.status, body: (await reply.json()) as Plain }
  }
  const sendLines = async (question: Parameters): Promise<Answer> => {
    const body = `${JSON.stringify(question)}\n\n${JSON.stringify(question)}\n`
    const headers = { 'content-type': 'application/fhir+ndjson' }
    const reply = await fetch(`http://127.0.0.1:${port}/fhir/$evaluate`, { method: 'POST', headers, body })
    const lines = (await reply.text()).split('\n').filter(Boolean)
    if (lines.length !== 2 || lines[0] !== lines[1])
      return { status: 500, body: 'two lines alike get two answers alike' }
    const answer: Plain = JSON.parse(lines[0] ?? 'null')
    return { status: at(answer, 'resourceType') === 'Parameters' ? reply.status : 400, body: answer }
  }
  for (const resource of testRules as { resourceType: string; id: string }[]) {
    const { status, body } = await send('PUT', `${resource.resourceType}/${resource.id}`, resource)
    if (status !== 201) throw new Error(`the test's own ${resource.id} is refused: ${JSON.stringify(body)}`)
  }
  return {
    standings,
    ask(given) {
      const question = questionOf(given)
      if (given.frame.delivery === 'ndjson') return sendLines(question)
      if (given.frame.delivery === 'http' || given.expectation === 'client error')
        return send('POST', '$evaluate', question)
      return inProcess(() => server.evaluate.answer(question, {}))
    },
    askInProcess: (given) => inProcess(() => server.evaluate.answer(questionOf(given), {})),
    async close() {
      http.closeAllConnections()
      http.close()
      await close()
    },
  }
}

async function inProcess(answer: () => Promise<Parameters>): Promise<Answer> {
  try {
    return { status: 200, body: JSON.parse(JSON.stringify(await answer())) }
  } catch (error) {
    if (error instanceof FhirError) return { status: error.status, body: error.message }
    return { status: 500, body: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

/** The Parameters of a case. */
export function questionOf({ question: { texts }, parameters, frame }: Case): Parameters {
  const [first = '', ...rest] = texts
  const bytes = frame.delivery === 'raw' ? rawOf(first) : undefined
  const credential = bytes
    ? [{ name: 'credentialData', valueBase64Binary: bytes.toString('base64') }]
    : [
        { name: 'credential', valueString: first },
        ...rest.map((valueString) => ({ name: 'credentialPart', valueString })),
      ]
  return { resourceType: 'Parameters', parameter: [...credential, ...parameters] } as Parameters // made of parts of the right shape
}

/** First byte of a zlib stream. Bytes may come without compression, a text may not. */
const zlib = 0x78

/** The compressed bytes behind the text of an HCERT; undefined when it has none. */
function rawOf(text: string): Buffer | undefined {
  try {
    const bytes = text.startsWith('HC1:') ? fromBase45(text.slice(4)) : undefined
    return bytes?.[0] === zlib ? bytes : undefined
  } catch {
    return undefined
  }
}
