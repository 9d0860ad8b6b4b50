/** A verdict to be copied or printed, without personal data. What is printed is this record and nothing else of the page. */
import { texts } from '../../languages/languages.ts'
import { CopyButton } from '../../parts/copy-button.tsx'
import { Icon } from '../../parts/icon.tsx'
import type { Answer } from '../desk/desk.ts'
import { countryName } from '../input/countries.ts'
import { locale } from '../input/reader.ts'
import { reasonOf } from '../reply/reason.ts'
import { recordOf } from '../reply/record.ts'
import { clockCautions } from './clock-cautions.ts'
import { checkName } from './evidence.tsx'

/** Buttons to copy and to print; and what is printed. */
export function RecordButtons({ answer }: { answer: Answer }) {
  const { record } = texts().verify
  const lines = linesOf(answer)
  return (
    <>
      <div class="button-row">
        <CopyButton text={lines.join('\n')} label={record.copy} />
        <button type="button" class="quiet" onClick={() => print()}>
          <Icon name="print" size={16} /> {record.print}
        </button>
      </div>
      <pre class="record" dir="auto">
        {lines.join('\n')}
        {`\n\n${record.note}`}
      </pre>
    </>
  )
}

function linesOf(answer: Answer): string[] {
  const { verify } = texts()
  const { verdict, at, settings } = answer
  const { jurisdiction, uses, trustDomains } = settings
  const { record, rules, checks } = verify
  const time = new Intl.DateTimeFormat(locale(), { dateStyle: 'full', timeStyle: 'long' }).format(at)
  const { uses: usesLabel, use: useNames, domains } = verify.settings
  return recordOf(verdict, {
    cautions: clockCautions(answer),
    settings: [
      ...(uses.length > 0 ? [`${usesLabel}: ${uses.map((use) => useNames[use]).join(', ')}`] : []),
      ...(trustDomains.length > 0 ? [`${domains}: ${trustDomains.join(', ')}`] : []),
    ],
    time,
    jurisdiction: jurisdiction
      ? `${countryName(jurisdiction, locale())} (${jurisdiction})`
      : verify.jurisdictionOfServer,
    software: document.querySelector<HTMLMetaElement>('meta[name="software"]')?.content ?? '',
    words: {
      decision: record.decision,
      status: record.status,
      time: record.time,
      jurisdiction: verify.jurisdiction,
      rules: rules.head,
      checks: checks.head,
      versions: verify.versions.head,
      software: record.software,
      informative: rules.informs,
      results: { true: rules.true, false: rules.false, null: rules.null },
      checkName,
      outcome: (outcome) => checks.outcomes[outcome],
      doubt: (doubt) => verify.doubts[doubt],
      verdict: verify.words[verdict.decision],
      reason: verify.reasons[reasonOf(verdict).name].title,
    },
  })
}
