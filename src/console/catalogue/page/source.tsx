/** The artefact as the server has it, in each of its forms, and how to fetch it without a browser. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import { fhirBase } from '../../api/client.ts'
import { useReply } from '../../api/use-reply.ts'
import { changeQuery, place } from '../../app/router.ts'
import { texts } from '../../languages/languages.ts'
import { Await } from '../../parts/await.tsx'
import { CopyButton } from '../../parts/copy-button.tsx'
import { curlLine, pathOf } from './addresses.ts'
import { CodeView } from './code-view.tsx'
import { askForm, type Form, forms } from './forms.ts'
import type { PartProps } from './part-props.ts'

/** The part. */
export function Source({ which, resource }: PartProps) {
  const { source, tabs } = texts().catalogue
  const offered = which.type === 'StructureMap' ? (['json', 'xml', 'fml'] as const) : (['json', 'xml'] as const)
  const form = offered.find((each) => each === place.value.query.get('form')) ?? 'json'
  const { accept } = forms[form]
  const address = new URL(`${fhirBase}${pathOf(which)}`, location.href).href
  const command = curlLine(address, accept)
  return (
    <section aria-label={tabs.source}>
      <h2>{source.curl}</h2>
      <div class="command">
        <pre>{command}</pre>
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
      <Text path={pathOf(which)} form={form} name={`${resource.text('id')}.${form}`} />
    </section>
  )
}

interface TextProps {
  path: string
  form: Form
  /** Of the file that is downloaded. */
  name: string
}

function Text({ path, form, name }: TextProps) {
  const address = form === 'fml' ? path : `${path}?_pretty=true`
  const asked = useReply(`${form} ${address}`, (signal) => askForm(address, form, signal))
  const { accept, code, name: label } = forms[form]
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
      <a
        class="button quiet"
        {...(address !== undefined && { href: address })}
        download={name.replace(/[^A-Za-z0-9.-]/g, '_')}
      >
        {texts().catalogue.source.download}
      </a>
    </p>
  )
}
