/** What is switched off is nowhere: not in what the server says of itself, and not at any address, in a batch neither. */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { routeProfileNames } from '../../src/operations/profiles/route-profiles.ts'
import { openTestServer } from '../support/loaded-server.ts'

type Paths = Record<string, Record<string, object>>

const opened: { close(): Promise<void> }[] = []
after(async () => {
  for (const each of opened) await each.close()
})

/** A server without some of its routes, and what it says of itself. */
async function without(...off: string[]) {
  const server = await openTestServer({ ROUTES_OFF: off.join(',') || 'none', LEGACY_DCC: 'on' })
  opened.push(server)
  const root = await server.server.listen()
  const read = async (path: string) => (await fetch(`${root}${path}`)).json()
  const openapi = (await read('/openapi.json')) as { paths: Paths }
  const metadata = (await read('/fhir/metadata')) as { rest: object[] }
  const definitions = (await read('/fhir/OperationDefinition?_count=200')) as { entry?: { resource: { id: string } }[] }
  const routes = new Set(
    Object.entries(openapi.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    ),
  )
  return { root, routes, openapi, metadata: JSON.stringify(metadata), definitions: definitions.entry ?? [] }
}

const whole = await without()
const headers = { authorization: 'Bearer test', 'content-type': 'application/fhir+json' }
const addressOf = (path: string) => path.replace('{id}', 'a').replace('{versionId}', '1')

/** A body that is one of the right kind for whatever it is sent to. */
const bodyFor = (method: string, path: string) => {
  const [, type = ''] = path.split('/')
  if (method === 'GET' || method === 'DELETE') return undefined
  if (path.includes('$')) return { resourceType: 'Parameters' }
  return { resourceType: type, id: 'a', status: 'draft' }
}

async function answerOf(root: string, method: string, path: string) {
  const body = bodyFor(method, path)
  const type = path.endsWith('_search') ? 'application/x-www-form-urlencoded' : headers['content-type']
  const response = await fetch(`${root}/fhir${addressOf(path)}`, {
    method,
    headers: { ...headers, 'content-type': type },
    ...(body ? { body: path.endsWith('_search') ? '' : JSON.stringify(body) } : {}),
  })
  const text = await response.text()
  return { status: response.status, text }
}

async function answerInBatch(root: string, method: string, path: string) {
  const resource = bodyFor(method, path)
  const entry = { request: { method, url: addressOf(path).slice(1) }, ...(resource ? { resource } : {}) }
  const response = await fetch(`${root}/fhir`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry: [entry] }),
  })
  const bundle = (await response.json()) as { entry: { response: { status: string; outcome?: object } }[] }
  const [first] = bundle.entry
  return { status: Number(first?.response.status), text: JSON.stringify(first?.response.outcome ?? '') }
}

/** Which routes go with a profile, said again in another way than the table says it. */
const belongs: Record<string, (method: string, path: string) => boolean> = {
  writes: (method, path) =>
    !path.includes('$') &&
    path !== '/' &&
    !path.endsWith('_search') &&
    // What is read may take long, too, and be given up.
    !path.startsWith('/_jobs') &&
    (method === 'PUT' || method === 'PATCH' || method === 'DELETE' || method === 'POST'),
  'inline-maps': (_method, path) => path === '/StructureMap/$convert',
  'inline-cql': (_method, path) => path.endsWith('$cql'),
  legacy: () => false,
  kits: (_method, path) => path === '/$verifier-kit',
  // A kit is made of both: without one of them there is none.
  'value-sets': (_method, path) => /^\/ValueSet(\/|$)/.test(path) || path === '/$verifier-kit',
  rules: (_method, path) =>
    /^\/(Library|PlanDefinition|ActivityDefinition)(\/|$)/.test(path) || path === '/$verifier-kit',
}

for (const profile of routeProfileNames)
  describe(`without ${profile}`, async () => {
    const left = await without(profile)
    const gone = [...whole.routes].filter((route) => !left.routes.has(route))

    it('OpenAPI has what is left, and nothing else', () => {
      assert.deepEqual(
        [...left.routes].filter((route) => !whole.routes.has(route)),
        [],
      )
      const wanted = [...whole.routes].filter((route) => {
        const [method = '', path = ''] = route.split(' ')
        return belongs[profile]?.(method, path)
      })
      const own = gone.filter((route) => wanted.includes(route))
      assert.deepEqual(own.toSorted(), wanted.toSorted())
      // Beside those there go operations that write, when writes do.
      const others = gone.filter((route) => !wanted.includes(route))
      assert.ok(
        profile === 'writes' ? others.every((route) => route.includes('$')) : others.length === 0,
        others.join(),
      )
    })

    it('every route of it is refused, with a reason', async () => {
      for (const route of gone) {
        const [method = '', path = ''] = route.split(' ')
        const { status, text } = await answerOf(left.root, method, path)
        assert.ok(status === 403 || status === 404, `${route}: ${status} ${text.slice(0, 200)}`)
        assert.match(text, /OperationOutcome/, route)
      }
    })

    it('and in a batch', async () => {
      for (const route of gone.filter((each) => !each.endsWith('_search'))) {
        const [method = '', path = ''] = route.split(' ')
        const { status, text } = await answerInBatch(left.root, method, path)
        assert.ok(status === 403 || status === 404, `${route}: ${status} ${text.slice(0, 200)}`)
      }
    })

    it('metadata and OperationDefinitions follow', () => {
      const types = { 'value-sets': ['ValueSet'], rules: ['Library', 'PlanDefinition', 'ActivityDefinition'] }
      for (const type of types[profile as keyof typeof types] ?? []) {
        assert.doesNotMatch(left.metadata, new RegExp(`"type":"${type}"`))
        assert.match(whole.metadata, new RegExp(`"type":"${type}"`))
        assert.doesNotMatch(
          JSON.stringify(left.definitions.map(({ resource }) => resource.id)),
          new RegExp(`"${type}-`),
        )
      }
      if (profile === 'writes')
        assert.doesNotMatch(
          left.metadata,
          /"code":"(create|update|patch|delete|transaction)"|"(conditionalCreate|conditionalUpdate|updateCreate)":true|"conditionalDelete":"(single|multiple)"/,
        )
      if (profile === 'inline-cql') assert.doesNotMatch(left.metadata, /"name":"cql"/)
      if (profile === 'inline-maps') assert.doesNotMatch(left.metadata, /"name":"convert"/)
    })
  })

describe('what comes with a request', async () => {
  const left = await without('inline-maps', 'inline-cql')
  const post = (path: string, body: object) =>
    fetch(`${left.root}/fhir${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  const brought: [path: string, name: string, resource: object][] = [
    ...['sourceMap', 'map', 'supportingMap'].map((name): [string, string, object] => [
      '/StructureMap/$transform',
      name,
      { resourceType: 'StructureMap', url: 'http://e/m', name: 'm', status: 'draft' },
    ]),
    ['/Library/$evaluate', 'library', { resourceType: 'Library', status: 'draft' }],
  ]
  for (const [path, name, resource] of brought)
    it(`is refused as ${name} of ${path}, and declared no more`, async () => {
      const response = await post(path, { resourceType: 'Parameters', parameter: [{ name, resource }] })
      const text = await response.text()
      assert.equal(response.status, 403, text)
      assert.match(text, /switched off.*ROUTES_OFF=inline-/)
      const id = path.slice(1).replace('/$', '-')
      const definition = await (await fetch(`${left.root}/fhir/OperationDefinition/${id}`)).text()
      assert.match(definition, /"name":"(source|url)"/)
      assert.doesNotMatch(definition, new RegExp(`"name":"${name}"`))
    })

  it('is not needed where things are stored', async () => {
    const response = await post('/StructureMap/$transform', {
      resourceType: 'Parameters',
      parameter: [{ name: 'source', valueUri: 'http://e/none' }],
    })
    assert.notEqual(response.status, 403)
  })
})

describe('beside FHIR', async () => {
  const cases: [off: string, gone: string[], there: string[]][] = [
    ['legacy', ['/valuesets', '/rules', '/countrylist', '/rules/AT'], ['/health']],
    ['value-sets', ['/valuesets'], ['/rules', '/countrylist']],
    ['rules', ['/rules', '/rules/AT'], ['/valuesets', '/countrylist']],
  ]
  for (const [off, gone, there] of cases)
    it(`documents go with ${off}`, async () => {
      const { root } = await without(off)
      for (const path of gone) {
        assert.equal((await fetch(`${whole.root}${path}`)).status, 200, path)
        assert.equal((await fetch(`${root}${path}`)).status, 404, path)
      }
      for (const path of there) assert.equal((await fetch(`${root}${path}`)).status, 200, path)
    })

  it('the page at / shows what is there', async () => {
    const page = async (root: string) => (await fetch(`${root}/`)).text()
    assert.match(await page(whole.root), /Value sets[\s\S]*Rules/)
    assert.doesNotMatch(await page((await without('value-sets', 'rules')).root), /Value sets|Rules/)
  })
})

it('nothing of what is off comes in by a side door', async () => {
  const { root } = await without('rules', 'value-sets')
  for (const path of [
    '/_history?_count=1000',
    '/ConceptMap?_include=*&_count=200',
    '/CodeSystem?_revinclude=ValueSet:reference',
  ])
    assert.doesNotMatch(
      await (await fetch(`${root}/fhir${path}`)).text(),
      /"resourceType":"(ValueSet|Library|PlanDefinition|ActivityDefinition)"/,
      path,
    )
})

it('a transaction is refused where nothing may be written', async () => {
  const { root } = await without('writes')
  const body = { resourceType: 'Bundle', type: 'transaction', entry: [{ request: { method: 'GET', url: 'ValueSet' } }] }
  const response = await fetch(`${root}/fhir`, { method: 'POST', headers, body: JSON.stringify(body) })
  assert.equal(response.status, 403)
})
