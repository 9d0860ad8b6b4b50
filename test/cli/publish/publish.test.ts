/** `vidimus publish`, from an empty folder to a rule that runs, over a server that listens. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { Bundle, Parameters, Provenance } from '../../../src/fhir/types.ts'
import { fileIn } from '../../provenance/support.ts'
import { testSigner } from '../../support/cms-signer.ts'
import { openTestServer } from '../../support/loaded-server.ts'
import { runCommand } from '../../support/run-command.ts'
import { question, readVerdict, specimen } from '../../support/verdicts.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-publish-test-'))
const signer = testSigner('P-256')
const client = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const clientJwk = { ...client.publicKey.export({ format: 'jwk' }), kid: 'c1', alg: 'ES384', use: 'sig' }
const did = 'did:web:health.example'
const canonical = 'https://health.example/fhir'

const registered = (id: string, prefix: string) => ({
  id,
  jwks: { keys: [clientJwk] },
  scopes: ['system/*.cruds'],
  canonicalPrefixes: [prefix],
  jurisdictions: ['*'],
})
const opened = await openTestServer({
  SIGNERS: JSON.stringify([
    {
      issuer: did,
      name: 'Ministry',
      canonicalPrefixes: [`${canonical}/`],
      jurisdictions: ['*'],
      keys: { keys: [{ ...signer.certificate.publicKey.export({ format: 'jwk' }), kid: 'up', alg: 'ES256' }] },
    },
  ]),
  CLIENTS: JSON.stringify([registered('ministry', `${canonical}/`), registered('stranger', 'https://other.example/')]),
})
const url = await opened.server.listen()
const base = `${url}/fhir`
after(async () => {
  await opened.close()
  rmSync(folder, { recursive: true, force: true })
})

const signing = [
  '--sign-key',
  fileIn(folder, signer.key),
  '--sign-certificate',
  fileIn(folder, signer.cert),
  '--signer',
  did,
]
const clientKey = fileIn(folder, JSON.stringify({ ...client.privateKey.export({ format: 'jwk' }), kid: 'c1' }))
const content = join(folder, 'content')
const run = (args: string[], token: string | null = 'test', path = content) =>
  runCommand(['publish', path, ...args], token === null ? {} : { VIDIMUS_TOKEN: token })
/** Of it no text has to be translated. */
const small = join(folder, 'small.json')
const publishSmall = (args: string[], token: string | null = 'test') => run(['--server', base, ...args], token, small)
const published = (...args: string[]) => run(['--server', base, ...args])
const get = async (path: string) => (await (await fetch(`${base}/${path}`)).json()) as Bundle
const count = async (type: string) => (await get(`${type}?url:below=${canonical}&_count=0`)).total
const file = (name: string) => join(content, name)
const rewrite = (name: string, change: (text: string) => string) =>
  writeFileSync(file(name), change(readFileSync(file(name), 'utf8')))

describe('vidimus publish', () => {
  it('--init makes a folder that passes a dry run, which writes nothing; a folder with files is left alone', async () => {
    const init = (...args: string[]) => runCommand(['publish', content, '--init', ...args], {})
    assert.deepEqual((await init('--jurisdiction', 'NZ')).code, 2)
    assert.match((await init('--canonical', 'no address')).stderr, /http or https address/)
    assert.match((await init('--canonical', canonical, '--jurisdiction', 'UK')).stderr, /ISO 3166-1/)
    const made = await init('--canonical', `${canonical}/`, '--jurisdiction', 'NZ')
    assert.equal(made.code, 0, made.stderr)
    assert.match(made.stdout, /^rules\/EntryVaccination\.cql$/m)
    assert.match(readFileSync(file('.gitignore'), 'utf8'), /\*\.pem/)
    assert.match((await init('--canonical', canonical, '--jurisdiction', 'NZ')).stderr, /holds files already/)
    const dry = await published('--dry-run')
    assert.equal(dry.code, 0, `${dry.stdout}${dry.stderr}`)
    assert.match(
      dry.stdout,
      /^new +Library +https:\/\/health\.example\/fhir\/Library\/EntryVaccination\|0\.1\.0 +rules\/EntryVaccination\.cql +yes$/m,
    )
    assert.match(dry.stdout, /^4 new$/m)
    assert.match(dry.stdout, /^left out, for they are no content: .*README\.md/m)
    assert.equal(await count('Library'), 0)
  })

  it('asks before it writes, and says what to do where nobody can be asked', async () => {
    writeFileSync(
      small,
      JSON.stringify({
        resourceType: 'ValueSet',
        id: 'small',
        status: 'active',
        url: `${canonical}/ValueSet/small`,
        version: '1',
        compose: { include: [{ system: 'http://e/cs', concept: [{ code: 'a' }] }] },
      }),
    )
    const asked = await publishSmall([])
    assert.deepEqual([asked.code, await count('ValueSet')], [2, 0])
    assert.match(asked.stderr, /add --yes/)
  })

  it('tells what the server refuses, and that nothing was published: without a token, and what others own', async () => {
    const unknown = await publishSmall(['--yes'], null)
    assert.equal(unknown.code, 1, unknown.stderr)
    assert.match(unknown.stdout, /^refused by the server \(401\); nothing was published$/m)
    const strange = await publishSmall(['--yes', '--client', 'stranger', '--client-key', clientKey])
    assert.equal(strange.code, 1, strange.stderr)
    assert.match(strange.stdout, /^refused by the server \(403\)/m)
    assert.match(strange.stdout, /^refused .*its canonical is below none of its prefixes/m)
    assert.match(
      strange.stdout,
      /^refused {2}small\.json: .* Its prefixes: https:\/\/other\.example; its jurisdictions: \*\.$/m,
    )
    const forged = await publishSmall(['--yes', ...signing, '--sign-key-id', 'nobodys'])
    assert.equal(forged.code, 1, forged.stderr)
    assert.match(forged.stdout, /^refused {2}small\.json: The signature over \S+ does not hold, by the step key/m)
    const nobody = await publishSmall(['--yes', '--client', 'nobody', '--client-key', clientKey])
    assert.equal(nobody.code, 2)
    assert.match(nobody.stderr, /no token was issued to nobody/)
    const pem = fileIn(folder, String(client.privateKey.export({ type: 'pkcs8', format: 'pem' })))
    const unnamed = await publishSmall(['--dry-run', '--client', 'ministry', '--client-key', pem])
    assert.equal(unnamed.code, 2)
    assert.match(unnamed.stderr, /\(kid, alg and jku must be those of a registered key\)/)
    const named = await publishSmall([
      '--dry-run',
      '--client',
      'ministry',
      '--client-key',
      pem,
      '--client-key-id',
      'c1',
    ])
    assert.equal(named.code, 0, named.stderr)
    assert.equal(await count('ValueSet'), 0)
  })

  it('publishes all of it as one transaction, signed by its author; the rule runs', async () => {
    const known = ['--sign-key-id', 'up', '--client', 'ministry', '--client-key', clientKey]
    const done = await published('--yes', ...signing, ...known)
    assert.equal(done.code, 0, `${done.stdout}${done.stderr}`)
    assert.match(done.stdout, /^published: 4 artefacts, 4 of them signed$/m)
    for (const type of ['Library', 'PlanDefinition', 'ValueSet', 'StructureMap']) {
      const { entry = [] } = await get(`${type}?url:below=${canonical}&_revinclude=Provenance:target`)
      const made = entry.flatMap(({ resource }) =>
        resource?.resourceType === 'Provenance' ? [resource as Provenance] : [],
      )
      assert.equal(made.length, 1, type)
      assert.equal(made[0]?.signature?.[0]?.type[0]?.code, '1.2.840.10065.1.12.1.1')
    }
    const planDefinition = {
      name: 'planDefinition',
      valueCanonical: `${canonical}/PlanDefinition/entry-vaccination|0.1.0`,
    }
    const answer = await fetch(`${base}/$evaluate`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json' },
      body: JSON.stringify(question(specimen('dcc-v'), planDefinition)),
    })
    const { decision, rules } = readVerdict(answer.status, (await answer.json()) as Parameters)
    assert.equal(rules.length, 1)
    assert.deepEqual([rules[0]?.expression, rules[0]?.result, decision], ['Vaccinated', true, 'accepted'])
  })

  it('again changes nothing', async () => {
    const before = await get('Provenance?_count=0')
    const again = await published('--yes', ...signing, '--json')
    assert.equal(again.code, 0, again.stderr)
    const { differences, outcome } = JSON.parse(again.stdout)
    assert.deepEqual(outcome, { state: 'nothing to do' })
    assert.deepEqual(new Set(differences.map(({ state }: { state: string }) => state)), new Set(['unchanged']))
    assert.deepEqual((await get('Provenance?_count=0')).total, before.total)
  })

  it('refuses other content under a published version before it is sent, and shows the members', async () => {
    rewrite('valuesets/ValueSet-accepted-vaccines.json', (text) => text.replace('{ "code": "EU/1/20/1507" }, ', ''))
    const changed = await published('--yes')
    assert.equal(changed.code, 1)
    assert.match(changed.stdout, /^refused +ValueSet .*accepted-vaccines\.json +yes +compose$/m)
    assert.match(changed.stdout, /^refused {2}valuesets\/ValueSet-accepted-vaccines\.json: .*raise the version/m)
    assert.doesNotMatch(changed.stdout, /^published/m)
  })

  it('publishes the next version, and shows what the server alone has', async () => {
    rewrite('valuesets/ValueSet-accepted-vaccines.json', (text) => text.replaceAll('0.1.0', '0.2.0'))
    const next = await published('--yes')
    assert.equal(next.code, 0, `${next.stdout}${next.stderr}`)
    assert.match(next.stdout, /^new +ValueSet +\S+accepted-vaccines\|0\.2\.0/m)
    assert.match(next.stdout, /^only on server +ValueSet +\S+accepted-vaccines\|0\.1\.0/m)
    assert.match(next.stdout, /^published: 1 artefacts, 0 of them signed$/m)
  })

  it('tells every fault with its file and place: CQL, FML, JSON, an element; and publishes nothing', async () => {
    rewrite('rules/EntryVaccination.cql', (text) => text.replaceAll('0.1.0', '0.3.0').replace('Today()', 'Todai()'))
    rewrite('maps/Traveller.map', (text) =>
      text.replace('0.1.0', '0.3.0').replace('-> patient.name as', '=> patient.name as'),
    )
    writeFileSync(file('valuesets/broken.json'), '{\n  "resourceType": "ValueSet",,\n}')
    writeFileSync(
      file('valuesets/odd.json'),
      JSON.stringify({
        resourceType: 'ValueSet',
        id: 'odd',
        status: 'active',
        url: `${canonical}/ValueSet/odd`,
        compos: {},
      }),
    )
    const told = await published('--yes')
    assert.equal(told.code, 1)
    assert.match(told.stdout, /^refused {2}rules\/EntryVaccination\.cql: .*Todai.*line 20, column/m)
    assert.match(told.stdout, /^refused {2}maps\/Traveller\.map: .*line 9/m)
    assert.match(told.stdout, /^refused {2}valuesets\/broken\.json: .*line 2, column/m)
    assert.match(told.stdout, /^refused {2}valuesets\/odd\.json: .*compos/m)
    assert.equal(await count('Library'), 1)
  })

  it('goes to https alone, or to this machine, and takes no token on its command line', async () => {
    for (const address of [
      'http://server.example/fhir',
      'ftp://127.0.0.1/fhir',
      'http://127.0.0.1.example/fhir',
      'https://user:pass@server.example/fhir',
    ]) {
      const refused = await run(['--server', address, '--dry-run'])
      assert.equal(refused.code, 2, address)
      assert.match(refused.stderr, /https address, or http on this machine/)
    }
    assert.equal((await published('--dry-run', '--token', 'test')).code, 2)
  })

  it('tells that a server does not answer, or is none', async () => {
    const closed = await run(['--server', 'http://127.0.0.1:9/fhir', '--dry-run'])
    assert.deepEqual([closed.code, /no answer came/.test(closed.stderr)], [2, true])
    const root = await run(['--server', url, '--dry-run'])
    assert.deepEqual([root.code, /is this its FHIR base, as in …\/fhir\?/.test(root.stderr)], [2, true], root.stderr)
    const other = createServer((_, response) => response.end('hello'))
    await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening))
    const address = other.address()
    const port = typeof address === 'object' ? address?.port : undefined
    const odd = await run(['--server', `http://127.0.0.1:${port}/fhir`, '--dry-run'])
    other.close()
    assert.equal(odd.code, 2)
    assert.doesNotMatch(odd.stderr, /\n\s+at /)
  })
})
