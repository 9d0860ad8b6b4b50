/** Terminology as clients of other makers ask for it, against a listening server with the own content. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Bundle, CodeSystem, Parameters, Resource } from '../../src/fhir/types.ts'
import { writeXml } from '../../src/fhir/xml/write.ts'
import { BUILT_IN_SYSTEMS } from '../../src/terminology/code-system/implicit/implicit-systems.ts'
import { openTestServer } from '../support/loaded-server.ts'
import { answer, parameters } from '../terminology/support.ts'

const { server, close } = await openTestServer()
const base = `${await server.listen()}/fhir`
after(close)

async function ask<T extends Resource>(path: string, body?: Resource): Promise<{ status: number; body: T }> {
  const reply = await fetch(`${base}/${path}`, {
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
    headers: { accept: 'application/fhir+json', 'content-type': 'application/fhir+json' },
  })
  return { status: reply.status, body: (await reply.json()) as T }
}

const e = encodeURIComponent
/** A code of every computed system, and a text that is none. */
const examples: Record<string, [code: string, none: string]> = {
  'http://unitsofmeasure.org': ['mg/dL', 'no unit'],
  'urn:ietf:bcp:47': ['de-CH', 'xx-nowhere-at-all'],
  'urn:ietf:bcp:13': ['text/plain', 'text'],
  'urn:iso:std:iso:3166': ['CH', 'ZZ'],
  'urn:iso:std:iso:3166:-2': ['CH-ZH', 'CH-XX'],
  'urn:iso:std:iso:4217': ['CHF', 'ZZZ'],
}

test('every computed system has an example here', () => {
  assert.deepEqual(Object.keys(examples).toSorted(), BUILT_IN_SYSTEMS.map(({ url }) => url).toSorted())
})

for (const { url, version } of BUILT_IN_SYSTEMS) {
  const [code, none] = examples[url] ?? ['', '']

  test(`${url}: HAPI finds and reads the CodeSystem before it validates`, async () => {
    for (const query of [`url=${e(url)}`, `url=${e(url)}&_summary=true`, `system=${e(url)}&content-mode=not-present`]) {
      const { status, body } = await ask<Bundle>(`CodeSystem?${query}`)
      assert.equal(status, 200)
      assert.equal(body.entry?.length, 1, query)
      const found = body.entry?.[0]?.resource as CodeSystem
      assert.equal(found.content, 'not-present')
      const read = await ask<CodeSystem>(`CodeSystem/${found.id}`)
      assert.equal(read.status, 200)
      assert.equal(read.body.url, url)
      assert.equal(read.body.version, version, 'no version that the system does not have')
      assert.equal(read.body.concept, undefined)
    }
  })

  test(`${url}: the resource stands in no way of the system`, async () => {
    const id = (await ask<Bundle>(`CodeSystem?url=${e(url)}`)).body.entry?.[0]?.resource?.id
    const question = (text: string) => `url=${e(url)}&code=${e(text)}`
    for (const place of ['CodeSystem', `CodeSystem/${id}`]) {
      const valid = await ask<Parameters>(`${place}/$validate-code?${question(code)}`)
      assert.equal(answer(valid.body, 'result'), true, place)
      assert.equal(answer(valid.body, 'version'), version)
      const invalid = await ask<Parameters>(`${place}/$validate-code?${question(none)}`)
      assert.equal(answer(invalid.body, 'result'), false, place)
    }
    const set = await ask<Parameters>(
      `ValueSet/$validate-code?url=${e(`${url}?fhir_vs`)}&system=${e(url)}&code=${e(code)}`,
    )
    assert.equal(answer(set.body, 'result'), true)
    assert.equal((await ask(`CodeSystem/$lookup?system=${e(url)}&code=${e(code)}`)).status, 200)
    const same = await ask<Parameters>(`CodeSystem/${id}/$subsumes?codeA=${e(code)}&codeB=${e(code)}`)
    assert.equal(answer(same.body, 'outcome'), 'equivalent')
  })

  test(`${url}: the resource says of case what the system does`, async () => {
    const { body } = await ask<Bundle>(`CodeSystem?url=${e(url)}`)
    const system = body.entry?.[0]?.resource as CodeSystem
    const [upper, lower] = await Promise.all(
      [code.toUpperCase(), code.toLowerCase()].map(async (each) => {
        const reply = await ask<Parameters>(`CodeSystem/$validate-code?url=${e(url)}&code=${e(each)}`)
        return answer(reply.body, 'result')
      }),
    )
    assert.equal(upper === true && lower === true, system.caseSensitive === false)
  })
}

test('CodeSystem/{id}/$subsumes (LinuxForHealth/FHIR#1756)', async () => {
  const { body } = await ask<Bundle>(`CodeSystem?url=${e('http://vidimus.org/fhir/CodeSystem/decision')}`)
  const system = body.entry?.[0]?.resource as CodeSystem
  const [one, other] = (system.concept ?? []).map((each) => each.code)
  const asked = (query: string) => ask<Parameters>(`CodeSystem/${system.id}/$subsumes?${query}`)
  const different = await asked(`codeA=${one}&codeB=${other}`)
  assert.equal(different.status, 200)
  assert.equal(answer(different.body, 'outcome'), 'not-subsumed')
  assert.equal(answer((await asked(`codeA=${one}&codeB=${one}`)).body, 'outcome'), 'equivalent')
  const posted = await ask<Parameters>(
    `CodeSystem/${system.id}/$subsumes`,
    parameters({ codingA: { system: system.url, code: one }, codingB: { system: system.url, code: other } }),
  )
  assert.equal(answer(posted.body, 'outcome'), 'not-subsumed')
  assert.equal((await ask('CodeSystem/nobody/$subsumes?codeA=a&codeB=b')).status, 404)
  assert.equal((await asked(`codeA=${one}&codeB=${other}&system=http://example.org/else`)).status, 400)
  assert.equal((await asked(`codeA=${one}&codeB=none`)).status, 404)
})

test('two questions in one request (hapifhir/hapi-fhir#2094)', async () => {
  const gender = 'http://hl7.org/fhir/administrative-gender'
  const both = {
    url: 'http://hl7.org/fhir/ValueSet/administrative-gender',
    code: 'zzz',
    coding: { system: gender, code: 'male' },
  }
  assert.equal((await ask('ValueSet/$validate-code', parameters(both))).status, 400)
  const query = `url=${e(both.url)}&system=${e(gender)}&code=zzz&coding=${e(`${gender}|male`)}`
  assert.equal((await ask(`ValueSet/$validate-code?${query}`)).status, 400)
})

test('metadata?mode=terminology names software and instance, and no system that does not answer', async () => {
  const { body } = await ask<Resource>('metadata?mode=terminology')
  const { software, implementation, codeSystem } = body as object as {
    software: { name: string; version: string }
    implementation: { description: string; url: string }
    codeSystem: { uri: string }[]
  }
  assert.equal(software.name, 'vidimus')
  assert.match(software.version, /^\d+\.\d+\.\d+/)
  assert.match(implementation.url, /\/fhir$/)
  assert.doesNotThrow(() => writeXml(body), 'it is R4')
  const uris = codeSystem.map(({ uri }) => uri)
  assert.deepEqual(uris, [...new Set(uris)])
  const { body: stored } = await ask<Bundle>('CodeSystem?_count=500&_elements=url,content')
  for (const { resource } of stored.entry ?? []) {
    const { url = '', content } = resource as CodeSystem
    if (content === 'complete' || content === 'fragment') assert.ok(uris.includes(url), url)
    else assert.equal(uris.includes(url), url in examples, url)
  }
})

test('metadata cites the definition of each operation, and gives parameters the types of R4', async () => {
  const { body } = await ask<Resource>('metadata')
  const { rest } = body as object as {
    rest: {
      resource: {
        type: string
        operation?: { name: string; definition: string }[]
        searchParam: { name: string; type: string }[]
      }[]
    }[]
  }
  const of = (type: string) => rest[0]?.resource.find((each) => each.type === type)
  for (const [type, name] of [
    ['ValueSet', 'validate-code'],
    ['ValueSet', 'expand'],
    ['CodeSystem', 'validate-code'],
    ['CodeSystem', 'lookup'],
    ['CodeSystem', 'subsumes'],
    ['ConceptMap', 'translate'],
  ] as const) {
    const cited = of(type)?.operation?.filter((each) => each.name === name)
    assert.deepEqual(
      cited?.map(({ definition }) => definition),
      [`http://hl7.org/fhir/OperationDefinition/${type}-${name}`],
    )
  }
  for (const type of ['ValueSet', 'CodeSystem']) {
    const own = await ask<Resource>(`OperationDefinition/${type}-validate-code`)
    assert.equal(own.status, 200)
    assert.equal((own.body as { base?: string }).base, `http://hl7.org/fhir/OperationDefinition/${type}-validate-code`)
  }
  for (const name of ['source-uri', 'target-uri'])
    assert.equal(of('ConceptMap')?.searchParam.find((each) => each.name === name)?.type, 'reference')
})

test('instance level, wherever R4 has it: the stored artefact is meant, and no other beside it (LinuxForHealth/FHIR#1756)', async () => {
  const found = async (type: string) => (await ask<Bundle>(`${type}?_count=1`)).body.entry?.[0]?.resource
  const idOf = async (type: string, url: string) =>
    (await ask<Bundle>(`${type}?url=${e(url)}`)).body.entry?.[0]?.resource?.id ?? assert.fail(`${url} is not there`)
  const url = 'http://vidimus.org/fhir/CodeSystem/decision'
  const system = await idOf('CodeSystem', url)
  const { body: resource } = await ask<CodeSystem>(`CodeSystem/${system}`)
  const code = resource.concept?.[0]?.code ?? assert.fail('no concept')
  const valid = await ask<Parameters>(`CodeSystem/${system}/$validate-code?code=${code}`)
  assert.equal(answer(valid.body, 'result'), true)
  assert.equal((await ask(`CodeSystem/${system}/$validate-code?code=${code}&url=http://example.org/else`)).status, 400)
  assert.equal((await ask(`CodeSystem/${system}/$validate-code?code=${code}&version=99`)).status, 400)

  const sets = await ask<Bundle>('ValueSet?_count=500&_elements=url,status')
  const set = sets.body.entry?.find(
    (each) => each.resource && 'url' in each.resource && String(each.resource.url).startsWith('http://vidimus.org/'),
  )
  const setId = set?.resource?.id ?? assert.fail('no own value set')
  const expanded = await ask<Resource>(`ValueSet/${setId}/$expand?count=1`)
  assert.equal(expanded.status, 200)
  const { expansion, url: setUrl } = expanded.body as object as {
    url: string
    expansion: { contains: { system: string; code: string }[] }
  }
  const [member] = expansion.contains
  const asked = `system=${e(member?.system ?? '')}&code=${e(member?.code ?? '')}`
  const inSet = await ask<Parameters>(`ValueSet/${setId}/$validate-code?${asked}`)
  assert.equal(answer(inSet.body, 'result'), true)
  assert.equal(
    (await ask(`ValueSet/${setId}/$validate-code?${asked}&url=${e(setUrl)}`)).status,
    200,
    'its own url again',
  )
  assert.equal((await ask(`ValueSet/${setId}/$validate-code?${asked}&url=http://example.org/else`)).status, 400)
  assert.equal((await ask(`ValueSet/${setId}/$expand?url=http://example.org/else`)).status, 400)
  assert.equal((await ask(`ValueSet/${setId}/$expand?context=http://example.org/x%23y`)).status, 400)
  assert.equal((await ask('ValueSet/nobody/$expand')).status, 404)

  const map = (await found('ConceptMap')) as
    | { id: string; url: string; group?: { source?: string; element?: { code?: string }[] }[] }
    | undefined
  const group = map?.group?.find((each) => each.source && each.element?.[0]?.code)
  const source = `system=${e(group?.source ?? '')}&code=${e(group?.element?.[0]?.code ?? '')}`
  assert.equal((await ask(`ConceptMap/${map?.id}/$translate?${source}`)).status, 200)
  assert.equal((await ask(`ConceptMap/${map?.id}/$translate?${source}&url=http://example.org/else`)).status, 400)
  assert.equal((await ask(`ConceptMap/nobody/$translate?${source}`)).status, 404)

  const lookup = await ask(`CodeSystem/${system}/$lookup?code=${code}`)
  assert.equal(lookup.status, 404, 'R4 has $lookup at the level of the type alone')
})
