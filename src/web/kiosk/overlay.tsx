import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

type Props = {
  readonly title: string;
  readonly actions: ComponentChildren;
  readonly children: ComponentChildren;
};

/** Lies above the screen and keeps the focus. It is closed by its buttons; Escape is the page's own. */
export function Overlay({ title, actions, children }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    <dialog ref={element} class="dialog" aria-labelledby="overlay-title" onCancel={(event) => event.preventDefault()}>
      <div class="dialog-content">
        <h2 id="overlay-title" tabIndex={-1} autofocus>
          {title}
        </h2>
        {children}
        {actions}
      </div>
    </dialog>
  );
}
