/** A whole request in process: what else an evaluation does passes through the caches of the processor, as it does in the field. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLoadedServer } from '../../src/cli/loaded-server.ts'
import { readConfig } from '../../src/config.ts'
import { demoCountry, demoIssuer } from '../../src/demo/demo-issuer.ts'
import { hcertClaims, issueHcert } from '../../src/demo/issue-hcert.ts'
import type { Parameters } from '../../src/fhir/types.ts'

const dayMilliseconds = 86_400_000
/** So many that none is asked again while anything of it could be kept. */
const certificates = 500

/** Vaccination certificates of the EU that the own rules accept: persons, days and identifiers differ. */
export function differentQuestions(dataDir: string, count = certificates): Parameters[] {
  const now = new Date()
  const issuer = demoIssuer(dataDir, now)
  const seconds = (days: number) => Math.floor((now.getTime() + days * dayMilliseconds) / 1000)
  const date = (days: number) => new Date(seconds(days) * 1000).toISOString().slice(0, 10)
  return Array.from({ length: count }, (_, at) => {
    const name = at.toString(26).replace(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)] ?? '')
    const nam = { fn: `Specimen ${name}`, fnt: `SPECIMEN<${name.toUpperCase()}`, gn: 'Ada', gnt: 'ADA' }
    const event = {
      tg: '840539006',
      vp: '1119349007',
      mp: 'EU/1/20/1528',
      ma: 'ORG-100030215',
      dn: 2,
      sd: 2,
      dt: date(-20 - (at % 60)),
      co: demoCountry,
      is: 'Ministry of Health (specimen)',
      ci: `URN:UVCI:01:${demoCountry}:${String(at).padStart(10, '0')}`,
    }
    const payload = hcertClaims({
      issuer: demoCountry,
      issuedAt: seconds(-10) - at,
      expires: seconds(90),
      certificate: [1, { ver: '1.3.0', nam, dob: date(-8_000 - at), v: [event] }],
    })
    const text = issueHcert(payload, { ...issuer, algorithm: 'ES256' })
    return { resourceType: 'Parameters', parameter: [{ name: 'credential', valueString: text }] }
  })
}

/** The evaluation of one certificate after another, each of them different. */
export interface WholeRequest {
  evaluate(): Promise<unknown>
  close(): Promise<void>
}

/** Opens a server in memory with the own content. @throws Error when it does not accept the certificates */
export async function wholeRequest(): Promise<WholeRequest> {
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  const server = await openLoadedServer(readConfig({ STORAGE_URL: 'sqlite::memory:', DATA_DIR: dataDir }))
  const questions = differentQuestions(dataDir)
  let next = 0
  const evaluate = async () => {
    const question = questions[next++ % questions.length]
    return question && server.evaluate.answer(question, {})
  }
  const close = async () => {
    await server.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
  const first = JSON.stringify(await evaluate())
  if (first.includes('"accepted"')) return { evaluate, close }
  await close()
  throw new Error(`the certificate is not accepted: ${first.slice(0, 400)}`)
}
