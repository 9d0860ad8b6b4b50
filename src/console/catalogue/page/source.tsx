/** The artefact as the server has it, in each of its forms, and how to fetch it without a browser. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import { askText, fhirBase } from '../../api/client.ts'
import { useReply } from '../../api/use-reply.ts'
import { changeQuery, place } from '../../app/router.ts'
import { texts } from '../../languages/languages.ts'
import { Await } from '../../parts/await.tsx'
import { CopyButton } from '../../parts/copy-button.tsx'
import { curlLine, pathOf } from './addresses.ts'
import type { PartProps } from './artefact-page.tsx'
import { CodeView } from './code-view.tsx'

const forms = {
  json: { accept: 'application/fhir+json', name: 'JSON', code: 'json' },
  xml: { accept: 'application/fhir+xml', name: 'XML', code: 'plain' },
  fml: { accept: 'text/fhir-mapping', name: 'FML', code: 'fml' },
} as const

/** The part. */
export function Source({ which, resource }: PartProps) {
  const { source, tabs } = texts().catalogue
  const offered = which.type === 'StructureMap' ? (['json', 'xml', 'fml'] as const) : (['json', 'xml'] as const)
  const form = offered.find((each) => each === place.value.query.get('form')) ?? 'json'
  const { accept, code, name } = forms[form]
  const address = new URL(`${fhirBase}${pathOf(which)}`, location.href).href
  const command = curlLine(address, accept)
  return (
    <section aria-label={tabs.source}>
      <h2>{source.curl}</h2>
      <div class="command">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard (WCAG 2.1.1) */}
        <pre tabIndex={0} role="region" aria-label={source.curl}>
          {command}
        </pre>
        <CopyButton text={command} label={source.copyCurl} />
      </div>
      <fieldset class="choice">
        <legend>{source.form}</legend>
        {offered.map((each) => (
          <label key={each}>
            <input
              type="radio"
              name="form"
              checked={each === form}
              onChange={() => changeQuery({ form: each === 'json' ? undefined : each }, { replace: true })}
            />
            {forms[each].name}
          </label>
        ))}
      </fieldset>
      <Text path={pathOf(which)} accept={accept} code={code} name={`${resource.text('id')}.${form}`} label={name} />
    </section>
  )
}

interface TextProps {
  path: string
  accept: string
  code: 'json' | 'plain' | 'fml'
  /** Of the file that is downloaded. */
  name: string
  label: string
}

function Text({ path, accept, code, name, label }: TextProps) {
  const address = code === 'fml' ? path : `${path}?_pretty=true`
  const asked = useReply(`${accept} ${address}`, (signal) => askText(address, { accept, signal, patience: 120_000 }))
  return (
    <Await asked={asked} lines={20}>
      {(text) => (
        <>
          <Download text={text} type={accept} name={name} />
          <CodeView text={text} language={code} label={label} />
        </>
      )}
    </Await>
  )
}

/** A file of what is held here: what needed a token needs none a second time. */
export function Download({ text, type, name }: { text: string; type: string; name: string }) {
  const file = useMemo(() => new Blob([text], { type }), [text, type])
  const [address, setAddress] = useState<string>()
  useEffect(() => {
    const made = URL.createObjectURL(file)
    setAddress(made)
    return () => URL.revokeObjectURL(made)
  }, [file])
  return (
    <p>
      <a class="button quiet" {...(address !== undefined && { href: address })} download={name.replace(/[^A-Za-z0-9.-]/g, '_')}>
        {texts().catalogue.source.download}
      </a>
    </p>
  )
}
