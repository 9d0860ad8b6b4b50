/** An independent client, as others write it, against a listening server: what it sends and expects is not ours. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { CapabilityTool, Client, type FhirResource } from 'fhir-kit-client'
import { compileFhirPath } from '../../src/fhir/fhirpath/fhirpath.ts'
import { openTestServer } from '../support/loaded-server.ts'
import { base, operationArtefacts } from './svcm/artefacts.ts'

const { server, close } = await openTestServer({ DRAFTS: 'public' })
const baseUrl = `${await server.listen()}/fhir`
after(close)
const reader = new Client({ baseUrl })
const author = new Client({ baseUrl, bearerToken: 'test' })
for (const body of operationArtefacts) {
  await author.update({ resourceType: body.resourceType, id: body.id ?? '', body: { ...body } })
}

const holds = (resource: FhirResource, expression: string) =>
  assert.deepEqual(compileFhirPath(expression)(resource), [true], `${expression}\n${JSON.stringify(resource)}`)
const fails = (promise: Promise<unknown>, status: number) =>
  assert.rejects(promise, (error: { response?: { status?: number; data?: FhirResource } }) => {
    assert.equal(error.response?.status, status)
    assert.equal(error.response?.data?.resourceType, 'OperationOutcome')
    return true
  })

test('capability statement', async () => {
  const statement = await reader.capabilityStatement()
  holds(statement, `fhirVersion = '4.0.1' and kind = 'instance'`)
  const capabilities = new CapabilityTool(statement)
  for (const code of ['read', 'vread', 'search-type', 'history-instance', 'create', 'update']) {
    assert.ok(
      capabilities.supportFor({ resourceType: 'ValueSet', capabilityType: 'interaction', where: { code } }),
      code,
    )
  }
})

test('read, vread and their errors', async () => {
  holds(await reader.read({ resourceType: 'ValueSet', id: 'some' }), `url = '${base}/vs/some'`)
  holds(await reader.vread({ resourceType: 'ValueSet', id: 'some', version: '1' }), `meta.versionId = '1'`)
  await fails(reader.read({ resourceType: 'ValueSet', id: 'nobody' }), 404)
  await fails(reader.vread({ resourceType: 'ValueSet', id: 'some', version: '9' }), 404)
})

test('search, by GET, posted, and page by page', async () => {
  const searchParams = { url: `${base}/vs/some`, version: '1.0.0' }
  holds(await reader.search({ resourceType: 'ValueSet', searchParams }), `entry.resource.id = 'some'`)
  const posted = await reader.search({
    resourceType: 'ValueSet',
    searchParams: { 'name:exact': 'SvcmSet', _count: '3' },
    options: { postSearch: true },
  })
  holds(posted, 'entry.count() = 3')
  const seen = new Set<unknown>()
  let page: FhirResource | undefined = posted
  while (page) {
    for (const id of compileFhirPath('entry.resource.id')(page)) {
      assert.ok(!seen.has(id), `${id} came twice`)
      seen.add(id)
    }
    page = await reader.nextPage({ bundle: page as Parameters<Client['nextPage']>[0]['bundle'] })
  }
  assert.deepEqual([...seen].sort(), ['all', 'pinned', 'some', 'some-old', 'targets', 'unknown-system'])
})

test('create, update, delete and history with a token', async () => {
  const body = { resourceType: 'ValueSet', url: `${base}/vs/made`, version: '1', name: 'Made', status: 'draft' }
  const made = await author.create({ resourceType: 'ValueSet', body })
  const id = String(made.id)
  holds(made, `meta.versionId = '1' and name = 'Made'`)
  const changed = await author.update({ resourceType: 'ValueSet', id, body: { ...body, id, title: 'Made again' } })
  holds(changed, `meta.versionId = '2' and title = 'Made again'`)
  holds(await reader.history({ resourceType: 'ValueSet', id }), `type = 'history' and total = 2 and entry.count() = 2`)
  await author.delete({ resourceType: 'ValueSet', id })
  await fails(reader.read({ resourceType: 'ValueSet', id }), 410)
  await fails(reader.create({ resourceType: 'ValueSet', body: { ...body, version: '2' } }), 401)
})

test('patch and transaction', async () => {
  const body = { resourceType: 'ValueSet', id: 'patched', url: `${base}/vs/patched`, name: 'Patched', status: 'draft' }
  const entry = [{ resource: body, request: { method: 'PUT', url: 'ValueSet/patched' } }]
  holds(
    await author.transaction({ body: { resourceType: 'Bundle', type: 'transaction', entry } }),
    `type = 'transaction-response' and entry.response.status.startsWith('201')`,
  )
  const jsonPatch = [{ op: 'replace' as const, path: '/name', value: 'Repaired' }]
  holds(await author.patch({ resourceType: 'ValueSet', id: 'patched', jsonPatch }), `name = 'Repaired'`)
})

for (const method of ['GET', 'POST'] as const) {
  const call = (resourceType: string, name: string, given: Record<string, string>) =>
    reader.operation({
      resourceType,
      name,
      method,
      input:
        method === 'GET'
          ? given
          : {
              resourceType: 'Parameters',
              parameter: Object.entries(given).map(([each, value]) => ({ name: each, valueUri: value })),
            },
    })

  test(`$expand by ${method}`, async () => {
    holds(await call('ValueSet', '$expand', { url: `${base}/vs/some` }), `expansion.contains.count() = 2`)
    await fails(call('ValueSet', '$expand', { url: `${base}/vs/nothing` }), 404)
  })

  test(`$lookup by ${method}`, async () => {
    const found = await call('CodeSystem', '$lookup', { system: `${base}/codes`, code: 'polio' })
    holds(found, `parameter.where(name = 'display').value = 'Poliomyelitis'`)
    await fails(call('CodeSystem', '$lookup', { system: `${base}/codes`, code: 'nothing' }), 404)
  })

  test(`$validate-code by ${method}`, async () => {
    const asked = { url: `${base}/vs/some`, system: `${base}/codes` }
    const inside = await call('ValueSet', '$validate-code', { ...asked, code: 'mmr' })
    holds(inside, `parameter.where(name = 'result').value = true`)
    const outside = await call('ValueSet', '$validate-code', { ...asked, code: 'none' })
    holds(outside, `parameter.where(name = 'result').value = false`)
  })

  test(`$translate by ${method}`, async () => {
    const asked = { url: `${base}/map`, system: `${base}/codes`, code: 'mmr', target: `${base}/vs/targets` }
    holds(
      await call('ConceptMap', '$translate', { ...asked, source: `${base}/vs/all` }),
      `parameter.where(name = 'match').part.where(name = 'concept').value.code = 'T2'`,
    )
  })
}
