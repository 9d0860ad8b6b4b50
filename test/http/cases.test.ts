/** FHIR's REST, sentence by sentence (cases/*.json): each case on a server of its own, with what is given, what is asked and what follows. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { isJsonObject } from '../../src/base/json.ts'
import type { Json, JsonObject } from '../../src/base/json-value.ts'
import type { Operation } from '../../src/fhir/operation.ts'
import type { Parameters } from '../../src/fhir/types.ts'
import { readCases } from '../support/cases.ts'
import { bearer, makeApp } from './support.ts'

/** A request; a body that is no text is JSON. */
interface Asked {
  method?: string
  /** Below the FHIR base. */
  path: string
  headers?: Record<string, string>
  body?: unknown
}

interface Case {
  name: string
  given?: Asked[]
  when: Asked
  then: {
    status: number
    headers?: Record<string, string>
    /** Values of the body by path, `entry.0.resource.id`; null is what must not be there. */
    body?: Record<string, Json>
    /** Texts that the body has, as regular expressions. */
    text?: string[]
  }
  /** What is asked afterwards, and what it must say. */
  after?: { when: Asked; then: Case['then'] }[]
}

const text = { name: 'text', use: 'in', min: 0, max: '1', type: 'string', documentation: 'A text' } as const
const answer = (parameters: Parameters) => Promise.resolve({ resource: parameters })

/** Operations to ask: one that is personal and strict, one that reads, one that gives back what it was given. */
const operations: Operation<undefined>[] = [
  {
    name: 'echo',
    title: 'Echo',
    description: 'Answers its text',
    system: true,
    personal: true,
    strict: true,
    parameters: [{ ...text, personal: true }],
    handle: ({ parameters }) => answer(parameters),
  },
  {
    name: 'tell',
    title: 'Tell',
    description: 'Answers what it was asked',
    type: ['ValueSet'],
    instance: ['ValueSet'],
    get: true,
    parameters: [
      text,
      { ...text, name: 'count', type: 'integer', documentation: 'A number' },
      { ...text, name: 'flag', type: 'boolean', documentation: 'A flag' },
    ],
    handle: ({ parameters }) => answer(parameters),
  },
  {
    name: 'back',
    title: 'Back',
    description: 'Answers what came',
    type: ['ValueSet'],
    parameters: [],
    handle: ({ parameters }) => answer(parameters),
  },
]

for (const { file, source, cases } of readCases<Case>(new URL('cases/', import.meta.url)))
  describe(`${file} (${source})`, () => {
    for (const { name, given = [], when, then, after = [] } of cases)
      it(name, async () => {
        const app = await makeApp(operations)
        const server = createServer(app.handler)
        await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
        try {
          const { port } = server.address() as AddressInfo
          const ask = asking(`http://127.0.0.1:${port}/fhir`)
          for (const each of given) assert.ok((await ask(each)).status < 300, `given: ${each.method} ${each.path}`)
          check(await ask(when), then)
          for (const each of after) check(await ask(each.when), each.then)
          assert.deepEqual(app.errors, [])
        } finally {
          server.closeAllConnections()
          await new Promise((closed) => server.close(closed))
          await app.close()
        }
      })
  })

interface Answered {
  status: number
  headers: Headers
  text: string
}

const asking =
  (base: string) =>
  async ({ method = 'GET', path, headers = {}, body }: Asked): Promise<Answered> => {
    const isText = typeof body === 'string'
    const response = await fetch(`${base}/${path}`, {
      method,
      headers: {
        authorization: bearer,
        ...(body === undefined ? {} : { 'content-type': 'application/fhir+json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }

function check({ status, headers, text }: Answered, then: Case['then']): void {
  assert.equal(status, then.status, text)
  for (const [name, value] of Object.entries(then.headers ?? {}))
    assert.match(headers.get(name) ?? '', new RegExp(value), name)
  for (const each of then.text ?? []) assert.match(text, new RegExp(each))
  for (const [path, value] of Object.entries(then.body ?? {})) {
    const found = path.split('.').reduce<Json | undefined>(member, JSON.parse(text) as JsonObject)
    assert.deepEqual(found, value ?? undefined, `${path} of ${text}`)
  }
}

const member = (value: Json | undefined, name: string): Json | undefined =>
  Array.isArray(value)
    ? name === 'length'
      ? value.length
      : value[Number(name)]
    : isJsonObject(value)
      ? value[name]
      : undefined
