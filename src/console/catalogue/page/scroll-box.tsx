import type { ComponentChildren } from 'preact'

/** What may be wider or higher than the page scrolls in a box of its own, which the keyboard reaches. */
export function ScrollBox({ label, kind = 'scroll-x', children }: ScrollBoxProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard (WCAG 2.1.1)
    <section class={kind} tabIndex={0} aria-label={label}>
      {children}
    </section>
  )
}

interface ScrollBoxProps {
  label: string
  /** Its class. */
  kind?: 'scroll-x' | 'code-box'
  children: ComponentChildren
}
