import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { demoIssuer } from '../demo/demo-issuer.ts'
import { specimens } from '../demo/specimens.ts'
import type { Decision, Evaluation } from '../evaluate/evaluation.ts'
import { readEvaluateRequest } from '../evaluate/request.ts'
import type { VidimusServer } from '../server.ts'
import { openLoadedServer } from './loaded-server.ts'
import { table } from './table.ts'

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
      const credentials = await specimens(demoIssuer(config.dataDir, now), now)
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
        const evaluated: Evaluated[] = []
        for (const { name, text } of credentials)
          evaluated.push({ name, evaluation: await evaluate(server, text, now) })
        console.log(overview(evaluated))
        const rows = evaluated.map(({ name, evaluation }) => row(name, evaluation))
        console.log(`\n${table([['CREDENTIAL', 'DECISION', 'STATUS', 'FORMAT', 'WHY'], ...rows])}`)
      } finally {
        await server.close()
      }
      const shown = relative(process.cwd(), join(folder, 'vaccination.txt'))
      console.log(
        `\nThe codes are in ${relative(process.cwd(), folder)}. One in detail: npm run vidimus -- evaluate ${shown}`,
      )
    })
}

async function evaluate(server: VidimusServer, text: string, now: Date): Promise<Evaluation> {
  const parameters = { resourceType: 'Parameters' as const, parameter: [{ name: 'credential', valueString: text }] }
  const settings = { allowRequestTrustAnchors: false, jurisdiction: server.config.jurisdiction }
  return server.evaluate.evaluate(readEvaluateRequest(parameters, settings, { now }))
}

interface Evaluated {
  name: string
  evaluation: Evaluation
}

const decisions: Decision[] = ['accepted', 'rejected', 'undetermined', 'unverified']

/** Kind by decision: which variants of a specimen end how. */
function overview(evaluated: Evaluated[]): string {
  const names = evaluated.map(({ name }) => name)
  // A kind is what others are variants of.
  const kindNames = names.filter((name) => names.some((each) => each.startsWith(`${name}-`)))
  const kindOf = (name: string) =>
    kindNames.includes(name) ? name : (kindNames.findLast((each) => name.startsWith(`${each}-`)) ?? name)
  const kinds = Map.groupBy(evaluated, ({ name }) => kindOf(name))
  const rows = [...kinds].map(([kind, all]) => [
    kind,
    all.find(({ name }) => name === kind)?.evaluation.format ?? '',
    ...decisions.map((decision) =>
      all
        .filter(({ evaluation }) => evaluation.decision === decision)
        .map(({ name }) => (name === kind ? 'genuine' : name.slice(kind.length + 1)))
        .join(', '),
    ),
  ])
  return table([['KIND', 'FORMAT', ...decisions.map((decision) => decision.toUpperCase())], ...rows])
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
    return [...new Set(open.map((rule) => rule.message ?? `${rule.action || rule.expression} is undetermined`))].join(
      '; ',
    )
  if (rules.length > 0) return rules.map((rule) => rule.action || rule.expression).join('; ')
  return issues.at(-1)?.details?.text ?? 'no rule applies to this kind'
}
