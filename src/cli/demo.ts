import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { type DemoIssuer, demoCardIssuer, demoCountry, demoIssuer, forgerKey } from '../demo/demo-issuer.ts'
import { type HcertSigner, issueHcert } from '../demo/issue-hcert.ts'
import { issueSeal, sampleSeal } from '../demo/issue-icao-vds-nc.ts'
import { issueCard, sampleCard } from '../demo/issue-shc.ts'
import { hasVariants, type SampleVariant, variantPayload } from '../demo/sample-variants.ts'
import { type SampleKind, type SampleOptions, sampleKinds, samplePayload } from '../demo/samples.ts'
import type { Evaluation } from '../evaluate/evaluation.ts'
import { readEvaluateRequest } from '../evaluate/request.ts'
import type { VidimusServer } from '../server.ts'
import { openLoadedServer } from './loaded-server.ts'
import { table } from './table.ts'

const dayMilliseconds = 86_400_000

/** One credential of the demonstration. */
interface DemoCredential {
  /** File name without ending. */
  name: string
  text: string
}

/** Names under which the kinds are written and shown. */
const names: Record<SampleKind, string> = {
  'dcc-v': 'vaccination',
  'dcc-t': 'test',
  'dcc-r': 'recovery',
  'ddcc-vs': 'ddcc-vaccination',
  'ddcc-tr': 'ddcc-test',
  dvc: 'dvc',
  icvp: 'icvp',
  link: 'link',
  flat: 'flat',
}

/** `vidimus demo`: issues a credential of every kind with its forged siblings, evaluates them and prints the verdicts. */
export function addDemo(program: Command): void {
  program
    .command('demo')
    .description(
      'issues specimens of every kind with keys of this machine, evaluates them and their forged and expired siblings',
    )
    .action(async () => {
      const config = readConfig()
      const now = new Date()
      const issuer = demoIssuer(config.dataDir, now)
      const credentials = [
        ...sampleKinds.flatMap((kind) => hcertFamily(kind, issuer, now)),
        ...cardFamily(issuer, now),
        ...sealFamily(issuer, now),
      ]
      const folder = join(config.dataDir, 'demo')
      mkdirSync(folder, { recursive: true })
      for (const { name, text } of credentials) writeFileSync(join(folder, `${name}.txt`), `${text}\n`)
      // The specimens are judged by the issuer that made them, whatever lists are configured.
      const server = await openLoadedServer({
        ...config,
        trustLists: undefined,
        production: false,
        storageUrl: 'sqlite::memory:',
      })
      try {
        const rows: string[][] = []
        for (const { name, text } of credentials) rows.push(row(name, await evaluate(server, text, now)))
        console.log(table([['CREDENTIAL', 'DECISION', 'STATUS', 'FORMAT', 'WHY'], ...rows]))
      } finally {
        await server.close()
      }
      const shown = relative(process.cwd(), join(folder, 'vaccination.txt'))
      console.log(
        `\nThe codes are in ${relative(process.cwd(), folder)}. One in detail: npm run vidimus -- evaluate ${shown}`,
      )
    })
}

const daysFrom = (now: Date, days: number) => new Date(now.getTime() + days * dayMilliseconds)

/** A genuine specimen; where a rule decides, one that does not meet it and one that lacks a datum; one that has expired; one whose content was changed; one signed by a stranger under the same key id. */
function hcertFamily(kind: SampleKind, issuer: DemoIssuer, now: Date): DemoCredential[] {
  const signer: HcertSigner = { privateKey: issuer.privateKey, keyId: issuer.keyId, algorithm: 'ES256' }
  const at = (days: number) => daysFrom(now, days)
  const options: SampleOptions = { issuer: demoCountry, issuedAt: at(-1), expires: at(180) }
  const past: SampleOptions = { issuer: demoCountry, issuedAt: at(-400), expires: at(-30) }
  const payload = samplePayload(kind, options)
  const changed = samplePayload(kind, { ...options, issuedAt: at(-2) })
  const name = names[kind]
  const variant = (which: SampleVariant) => ({
    name: `${name}-${which}`,
    text: issueHcert(variantPayload(kind, which, options), signer),
  })
  return [
    { name, text: issueHcert(payload, signer) },
    ...(hasVariants(kind) ? [variant('unmet'), variant('incomplete')] : []),
    { name: `${name}-expired`, text: issueHcert(samplePayload(kind, past), signer) },
    { name: `${name}-changed`, text: issueHcert(payload, signer, { replacedPayload: changed }) },
    { name: `${name}-forged`, text: issueHcert(payload, { ...signer, privateKey: forgerKey() }) },
  ]
}

/** The same of SMART Health Cards. */
function cardFamily(issuer: DemoIssuer, now: Date): DemoCredential[] {
  const signer = { privateKey: issuer.privateKey, publicKey: issuer.certificate.publicKey }
  const card = (issued: number, expires: number) =>
    sampleCard({ issuer: demoCardIssuer, issuedAt: daysFrom(now, issued), expires: daysFrom(now, expires) })
  const text = (...parameters: Parameters<typeof issueCard>) => issueCard(...parameters)[0] ?? ''
  return [
    { name: 'card', text: text(card(-1, 180), signer) },
    { name: 'card-expired', text: text(card(-400, -30), signer) },
    { name: 'card-changed', text: text(card(-1, 180), signer, { replacedPayload: card(-2, 180) }) },
    { name: 'card-forged', text: text(card(-1, 180), { ...signer, privateKey: forgerKey() }) },
  ]
}

/** The same of ICAO seals, which do not expire. */
function sealFamily({ seal }: DemoIssuer, now: Date): DemoCredential[] {
  const signer = { privateKey: seal.privateKey, certificate: seal.certificate.raw }
  const data = (days: number) => sampleSeal({ issuer: demoCountry, issuedAt: daysFrom(now, days) })
  return [
    { name: 'seal', text: issueSeal(data(-1), signer) },
    { name: 'seal-changed', text: issueSeal(data(-1), signer, data(-2)) },
    { name: 'seal-forged', text: issueSeal(data(-1), { ...signer, privateKey: forgerKey() }) },
  ]
}

async function evaluate(server: VidimusServer, text: string, now: Date): Promise<Evaluation> {
  const parameters = { resourceType: 'Parameters' as const, parameter: [{ name: 'credential', valueString: text }] }
  const settings = { allowRequestTrustAnchors: false, jurisdiction: server.config.jurisdiction }
  return server.evaluate.evaluate(readEvaluateRequest(parameters, settings, { now }))
}

function row(name: string, evaluation: Evaluation): string[] {
  return [name, evaluation.decision, evaluation.status, evaluation.format ?? '', why(evaluation)]
}

/** The failing check; else the rules that did not pass; else how many did. */
function why({ checks, rules, issues }: Evaluation): string {
  const failed = checks.find((check) => check.outcome === 'fail')
  if (failed) return `${failed.name}: ${failed.detail ?? 'failed'}`
  const open = rules.filter((rule) => rule.result !== true)
  if (open.length > 0)
    return open.map((rule) => rule.message ?? `${rule.action || rule.expression} is undetermined`).join('; ')
  if (rules.length > 0) return rules.map((rule) => rule.action || rule.expression).join('; ')
  return issues.at(-1)?.details?.text ?? 'no rule applies to this kind'
}
