import type { Json } from '../base/json-value.ts'
import type { Evaluation } from '../evaluate/evaluation.ts'
import { type Labels, labelsFor } from './labels.ts'
import { oneLine, sign, table } from './table.ts'

/** An evaluation for a person at a terminal: decision, person, checks, rules with evidence. `isPart`: it is one of several. */
export function printedEvaluation(evaluation: Evaluation, language?: string, isPart = false): string {
  const labels = labelsFor(language)
  const { issuer, subject } = evaluation
  const { decisions, facts: names, headings, status, at } = labels
  const lines = [`${decisions[evaluation.decision]}  (${status} ${evaluation.status}, ${at} ${evaluation.clockText})`]
  const facts: [string, string | undefined][] = [
    [names.format, evaluation.format],
    [
      names.issuer,
      [issuer?.name, issuer?.participant && `${labels.participant} ${issuer.participant}`].filter(Boolean).join(', '),
    ],
    [
      names.key,
      [issuer?.keyId, issuer?.trustDomain, issuer?.trustList && `${labels.from} ${issuer.trustList}`]
        .filter(Boolean)
        .join(', '),
    ],
    [names.name, subject?.name],
    [names.birthDate, subject?.birthDate],
    [names.identifier, subject?.identifier],
    [names.maps, evaluation.structureMaps.join(', ')],
  ]
  lines.push(
    table([
      ['', ''],
      ...facts.filter(([, value]) => value).map(([name, value]) => [name, oneLine(value ?? '')]),
    ]).trimStart(),
  )
  lines.push('', headings.checks)
  lines.push(
    table([
      [],
      ...evaluation.checks.map((check) => [
        '',
        sign(check.outcome),
        labels.checks[check.name],
        oneLine(check.detail ?? ''),
      ]),
    ]).slice(1),
  )
  if (evaluation.rules.length > 0)
    lines.push('', headings.rules, ...evaluation.rules.flatMap((rule) => ruleLines(rule, labels)))
  // Several credentials were judged together, or each says it of itself.
  else if (
    evaluation.status === 'VERIFIED' &&
    !isPart &&
    evaluation.evaluations.length + evaluation.linked.length === 0
  )
    lines.push('', labels.noRule)
  const notes = evaluation.issues.filter((each) => each.code !== 'security')
  if (notes.length > 0) {
    lines.push(
      '',
      headings.notes,
      ...notes.map(
        (each) =>
          `  ${labels.severities[each.severity]}: ${oneLine(each.details?.text ?? each.diagnostics ?? each.code)}`,
      ),
    )
  }
  for (const [at, each] of evaluation.evaluations.entries())
    lines.push('', `[${at + 1}/${evaluation.evaluations.length}]`, printedEvaluation(each, language, true))
  for (const { contentType, evaluation: file } of evaluation.linked)
    lines.push('', `[${oneLine(contentType)}]`, ...(file ? [printedEvaluation(file, language, true)] : []))
  return lines.join('\n')
}

function ruleLines(rule: Evaluation['rules'][0], { outcomes, informs }: Labels): string[] {
  const outcome = rule.result === true ? 'pass' : rule.result === false ? 'fail' : 'warn'
  const title = rule.action || rule.expression
  const lines = [
    `  ${sign(rule.informative ? 'skipped' : outcome)} ${title}: ${outcomes[`${rule.result ?? 'undetermined'}`]}${rule.informative ? ` (${informs})` : ''}${rule.message ? ` – ${oneLine(rule.message)}` : ''}`,
  ]
  lines.push(
    `      ${[rule.planDefinition, rule.library && `${rule.library}#${rule.expression}`].filter(Boolean).join('  ')}`,
  )
  for (const { name, value } of rule.evidence) lines.push(`      ${name} = ${shown(value)}`)
  if (rule.explanation) lines.push(...explanationLines(rule.explanation, 3))
  return lines
}

/** Reasons below what they decided, each level further in. */
function explanationLines(
  { text, place, parts }: NonNullable<Evaluation['rules'][0]['explanation']>,
  level: number,
): string[] {
  const at = place ? `  (${place.library} ${place.line}:${place.column})` : ''
  return [`${'  '.repeat(level)}${oneLine(text)}${at}`, ...parts.flatMap((each) => explanationLines(each, level + 1))]
}

function shown(value: Json): string {
  const text = oneLine(typeof value === 'string' ? value : JSON.stringify(value))
  return text.length > 160 ? `${text.slice(0, 157)}…` : text
}
