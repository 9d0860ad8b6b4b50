/** A small file of cases to begin with, of the rule that is open. */
import type { Draft } from '../document/artefacts.ts'
import { decidingDefines } from '../document/deciding.ts'

/** What is written into it in the author's language. */
interface Words {
  note: string
  name: string
}

/** The text, in YAML (docs/rule-tests.md); undefined where the rule has no define that could be expected. */
export function exampleCases({ parts }: Draft, { note, name }: Words): string | undefined {
  const plans = parts.filter(({ language }) => language === 'json').map(({ text }) => text)
  const cql = parts.find(({ language }) => language === 'cql')?.text ?? ''
  const own = /^define[ \t]+(?:public[ \t]+)?(?:"((?:\\.|[^"\\])+)"|([A-Za-z_]\w*))[ \t]*:/m.exec(cql)
  const [define = own?.[1] ?? own?.[2]] = decidingDefines(plans)
  if (define === undefined) return undefined
  return `# ${note}
clock: 2026-06-01T12:00:00Z
cases:
  - name: ${JSON.stringify(name)}
    bundle: { resourceType: Bundle, type: collection }
    expect:
      results: { ${JSON.stringify(define)}: false }
`
}
