/** The product's mark: a cabinet with one door open. */
export function BrandMark() {
  return (
    <svg class="brand-mark" viewBox="0 0 24 24" aria-hidden="true">
      <rect x="2" y="2" width="20" height="20" rx="3" />
      <path d="M12 2v20M2 9h10M2 15.5h10M12 14h10" />
      <path class="brand-door" d="M12 2h8.5a1.5 1.5 0 0 1 1.5 1.5V14H12z" />
    </svg>
  );
}
