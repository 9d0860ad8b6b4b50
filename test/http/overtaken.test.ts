/** What another process writes while a conditional interaction looks at the store. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import request from 'supertest'
import { asResource } from '../../src/fhir/json.ts'
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts'
import { bearer, startApp, valueSet } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-overtaken-'))
const file = join(folder, 'vidimus.db')
/** As two processes have them. */
const [own, others] = [openSqlite(file), openSqlite(file)]
after(async () => {
  await Promise.all([own.close(), others.close()])
  rmSync(folder, { recursive: true, force: true })
})

/** What the other process writes as soon as this one has looked for something. */
let between: object[] = []
const { server } = await startApp([], {
  storage: {
    ...own,
    async search(query) {
      const found = await own.search(query)
      for (const resource of between.splice(0))
        await others.write([{ method: 'POST', type: 'ValueSet', resource: asResource(resource) }])
      return found
    },
  },
})

const send = (method: 'put' | 'post', path: string, body: object, headers: Record<string, string> = {}) =>
  request(server)
    [method](`/fhir${path}`)
    .set('Authorization', bearer)
    .set({ 'Content-Type': 'application/fhir+json', ...headers })
    .send(body)
const named = (name: string) => {
  const { id: _id, ...rest } = valueSet(name)
  return rest
}
const condition = (name: string) => `url=http://example.org/ValueSet/${name}`

test('a conditional create answers what another has created meanwhile', async () => {
  between = [named('create')]
  const got = await send('post', '/ValueSet', named('create'), { 'If-None-Exist': condition('create') })
  assert.equal(got.status, 200, got.text)
  assert.equal((await own.findCanonical('ValueSet', named('create').url)).length, 1)
})

test('so does one in a transaction', async () => {
  between = [named('entry')]
  const entry = [
    { resource: named('entry'), request: { method: 'POST', url: 'ValueSet', ifNoneExist: condition('entry') } },
  ]
  const got = await send('post', '', { resourceType: 'Bundle', type: 'transaction', entry })
  assert.equal(got.status, 200, got.text)
  assert.match(got.body.entry[0].response.status, /^200/)
})

test('a conditional update updates it', async () => {
  between = [named('update')]
  const got = await send('put', `/ValueSet?${condition('update')}`, { ...named('update'), title: 'Updated' })
  assert.equal(got.status, 200, got.text)
  const [stored] = await own.findCanonical('ValueSet', named('update').url)
  assert.equal(stored && 'title' in stored && stored.title, 'Updated')
})

test('a refusal that another write does not change stays one', async () => {
  assert.equal((await send('post', '/ValueSet', named('twice'))).status, 201)
  between = [named('beside')]
  const got = await send('post', '/ValueSet', named('twice'), { 'If-None-Exist': condition('another') })
  assert.equal(got.status, 422, got.text)
  assert.equal(got.body.issue[0].code, 'duplicate')
})

test('who is always overtaken is refused in the end', async () => {
  between = []
  const names = Array.from({ length: 20 }, (_, at) => named(`many-${at}`))
  let isWriting = true
  const search = own.search
  const { server: busy } = await startApp([], {
    storage: {
      ...own,
      async search(query) {
        const next = isWriting && names.pop()
        if (next) await others.write([{ method: 'POST', type: 'ValueSet', resource: asResource(next) }])
        return search(query)
      },
    },
  })
  const ask = () =>
    request(busy)
      .post('/fhir/ValueSet')
      .set({ Authorization: bearer, 'Content-Type': 'application/fhir+json', 'If-None-Exist': condition('late') })
      .send(named('late'))
  const refused = await ask()
  assert.equal(refused.status, 409, refused.text)
  isWriting = false
  assert.equal((await ask()).status, 201)
})
