import type { Json } from '../base/json-value.ts'
import type { Evaluation } from '../evaluate/evaluation.ts'
import { sign, table } from './table.ts'

/** An evaluation for a person at a terminal: decision, person, checks, rules with evidence. */
export function printedEvaluation(evaluation: Evaluation): string {
  const { issuer, subject } = evaluation
  const lines = [`${evaluation.decision.toUpperCase()}  (status ${evaluation.status}, at ${evaluation.clockText})`]
  const facts: [string, string | undefined][] = [
    ['format', evaluation.format],
    ['issuer', [issuer?.name, issuer?.participant && `participant ${issuer.participant}`].filter(Boolean).join(', ')],
    [
      'key',
      [issuer?.keyId, issuer?.trustDomain, issuer?.trustList && `from ${issuer.trustList}`].filter(Boolean).join(', '),
    ],
    ['name', subject?.name],
    ['birth date', subject?.birthDate],
    ['identifier', subject?.identifier],
    ['maps', evaluation.structureMaps.join(', ')],
  ]
  lines.push(
    table([['', ''], ...facts.filter(([, value]) => value).map(([name, value]) => [name, value ?? ''])]).trimStart(),
  )
  lines.push('', 'Checks')
  lines.push(
    table([[], ...evaluation.checks.map((check) => ['', sign(check.outcome), check.name, check.detail ?? ''])]).slice(
      1,
    ),
  )
  if (evaluation.rules.length > 0) lines.push('', 'Rules', ...evaluation.rules.flatMap(ruleLines))
  else if (evaluation.status === 'VERIFIED') lines.push('', 'No rule applied.')
  const notes = evaluation.issues.filter((each) => each.code !== 'security')
  if (notes.length > 0) {
    lines.push(
      '',
      'Notes',
      ...notes.map((each) => `  ${each.severity}: ${each.details?.text ?? each.diagnostics ?? each.code}`),
    )
  }
  return lines.join('\n')
}

function ruleLines(rule: Evaluation['rules'][0]): string[] {
  const outcome = rule.result === true ? 'pass' : rule.result === false ? 'fail' : 'warn'
  const title = rule.action || rule.expression
  const lines = [
    `  ${sign(outcome)} ${title}: ${rule.result ?? 'undetermined'}${rule.message ? ` – ${rule.message}` : ''}`,
  ]
  lines.push(
    `      ${[rule.planDefinition, rule.library && `${rule.library}#${rule.expression}`].filter(Boolean).join('  ')}`,
  )
  for (const { name, value } of rule.evidence) lines.push(`      ${name} = ${shown(value)}`)
  return lines
}

function shown(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 160 ? `${text.slice(0, 157)}…` : text
}
