import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type GatewayBench, startBench } from '../../gateway/stand-in.ts'
import { makeCms } from '../../support/pki/cms.ts'
import { runCommand } from '../../support/run-command.ts'

const rule = (change: object = {}) =>
  JSON.stringify({
    Identifier: 'GR-XB-0001',
    Type: 'Acceptance',
    Country: 'XB',
    Version: '1.0.0',
    Engine: 'CERTLOGIC',
    CertificateType: 'General',
    Logic: true,
    ...change,
  })

describe('vidimus gateway download', () => {
  let bench: GatewayBench
  before(async () => {
    bench = await startBench()
    const period = { validFrom: '2021-06-01T00:00:00Z', validTo: '2099-06-01T00:00:00Z' }
    const put = (ruleId: string, text: string, by: string) =>
      bench.gateway.rules.push({
        ruleId,
        country: 'XB',
        version: '1.0.0',
        ...period,
        cms: makeCms(Buffer.from(text), bench.pki.of(by).up).toString('base64'),
      })
    put('GR-XB-0001', rule(), 'XB')
    put('GR-XB-0002', rule({ Identifier: 'GR-XB-0002' }), 'XA')
  })
  after(() => bench.close())

  const download = (...args: string[]) =>
    runCommand(['gateway', 'download', ...args], {
      ...bench.environment('XA', { reads: true }),
      DATA_DIR: join(bench.folder, 'data'),
      TRUST_LISTS: '[]',
    })

  it('writes what holds, tells what does not, and publishes nothing', async () => {
    const into = join(bench.folder, 'into')
    const { code, stdout, stderr } = await download('--into', into, '--country', 'xb', '--value-sets')
    assert.equal(code, 1, stderr)
    assert.match(stdout, /files written to/)
    assert.match(stderr, /^GR-XB-0002 1\.0\.0: left out, it is not signed by a trusted upload certificate of XB$/m)
    const written = readdirSync(into).filter((name) => !name.startsWith('country'))
    assert.deepEqual(written, ['Library-GR-XB-0001-1.0.0.json', 'PlanDefinition-GR-XB-0001-1.0.0.json'])
    const library = JSON.parse(readFileSync(join(into, 'Library-GR-XB-0001-1.0.0.json'), 'utf8'))
    assert.equal(Buffer.from(library.content[0].data, 'base64').toString(), rule())
    assert.equal(existsSync(join(bench.folder, 'data/vidimus.db')), false)
  })

  it('asks no gateway for what cannot be meant: exit status 2', async () => {
    bench.asked()
    for (const args of [
      [],
      ['--into', 'x'],
      ['--into', 'x', '--country', 'XXB'],
      ['--into', 'x', '--country', '../..'],
    ])
      assert.equal((await download(...args)).code, 2, args.join(' '))
    assert.deepEqual(bench.asked(), [])
  })
})
