/** From a gateway's rules to a server that serves them: nothing on the way changes a byte, and nobody but the country itself may have signed. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Json } from '../../src/base/json-value.ts'
import { readConfig } from '../../src/config.ts'
import { importPackage } from '../../src/publish/import/import-package.ts'
import { downloadLegacy, type LegacyDownload } from '../../src/server/legacy-download.ts'
import { type GatewayBench, startBench } from '../gateway/stand-in.ts'
import { euRule } from '../support/eu-rule.ts'
import { openTestServer } from '../support/loaded-server.ts'
import { makeCms } from '../support/pki/cms.ts'

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')
const ruleText = (country: string, change: Record<string, Json | undefined> = {}) => {
  const Description = [{ lang: 'en', desc: 'Always passes – é.' }]
  const rule = euRule({ Identifier: `GR-${country}-0001`, Country: country, Description, ...change })
  return `\n${JSON.stringify(rule, null, 1)}\t`
}

describe('vidimus gateway download', () => {
  let bench: GatewayBench
  let folder = ''
  before(async () => {
    bench = await startBench()
    folder = mkdtempSync(join(tmpdir(), 'vidimus-download-'))
  })
  after(async () => {
    await bench.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const put = (text: string, country: string, by = country) => {
    const cms = makeCms(Buffer.from(text), bench.pki.of(by).up).toString('base64')
    const period = { validFrom: '2021-06-01T00:00:00Z', validTo: '2099-06-01T00:00:00Z' }
    bench.gateway.rules.push({ ruleId: `GR-${country}-0001`, country, version: '1.0.0', ...period, cms })
  }
  const download = async (environment: Record<string, string> = {}): Promise<LegacyDownload> => {
    const gateway = await bench.open('XB')
    const config = readConfig({ DATA_DIR: folder, TRUST_LISTS: '[]', ...environment })
    const canonical = 'http://ministry.example/fhir'
    return downloadLegacy({ config, gateway, countries: ['XA'], valueSets: true, canonical, now: new Date() })
  }

  it('brings rules under the anchored upload certificate of their country to those who import them, byte for byte', async () => {
    const text = ruleText('XA')
    put(text, 'XA')
    bench.gateway.valueSets.set(
      'covid-19-lab-result',
      '{"valueSetId":"covid-19-lab-result", "valueSetDate":"2030-01-01","valueSetValues":{"260415000":{"display":"Not detected","lang":"en","active":true,"version":"x","system":"http://snomed.info/sct"}}}',
    )
    bench.gateway.valueSets.delete('country-2-codes')
    const { files, leftOut } = await download()
    assert.deepEqual(leftOut, [])
    assert.deepEqual(files.map(({ name }) => name).sort(), [
      'Library-GR-XA-0001-1.0.0.json',
      'PlanDefinition-GR-XA-0001-1.0.0.json',
      'covid-19-lab-result.json',
    ])
    const into = join(folder, 'files')
    const { server, close } = await openTestServer({ LEGACY_DCC: 'on' })
    try {
      mkdirSync(into)
      for (const { name, text: bytes } of files) writeFileSync(join(into, name), bytes)
      const report = await importPackage(
        { path: into },
        { storage: server.storage, gate: server.publish, canonical: 'http://ministry.example/fhir' },
      )
      assert.deepEqual(
        report.entries.map(({ status, reason }) => [status, reason]),
        files.map(() => ['loaded', undefined]),
      )
      const url = await server.listen()
      assert.equal(await (await fetch(`${url}/rules/XA/${sha256(text)}`)).text(), text)
      const valueSet = files.find(({ name }) => name === 'covid-19-lab-result.json')?.text ?? ''
      assert.equal((await fetch(`${url}/valuesets/${sha256(valueSet)}`)).status, 200)
    } finally {
      await close()
    }
    bench.gateway.rules.length = 0
  })

  it('takes none that another country signed, none of a country that this installation distrusts, and no rule without a kind', async () => {
    put(ruleText('XA'), 'XA', 'XB')
    assert.match((await download()).leftOut[0]?.reason ?? '', /not signed by a trusted upload certificate of XA/)
    bench.gateway.rules.length = 0
    put(ruleText('XA'), 'XA')
    const list = join(folder, 'distrusted.json')
    writeFileSync(list, JSON.stringify({ participants: ['XXA'] }))
    const sources = JSON.stringify([{ name: 'own', kind: 'distrusted', location: list }])
    const { files, leftOut } = await download({ TRUST_LISTS: sources })
    assert.deepEqual(
      files.filter(({ name }) => name.startsWith('Library')),
      [],
    )
    assert.match(leftOut[0]?.reason ?? '', /not signed by a trusted upload certificate/)
    bench.gateway.rules.length = 0
    put(ruleText('XA', { CertificateType: undefined }), 'XA')
    assert.match((await download()).leftOut[0]?.reason ?? '', /no CertificateType/)
  })
})
