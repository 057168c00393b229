/** Where the table of rows will be while the first ones are read: nothing jumps when they come. The bar above says what is done. */

export function RowsSkeleton() {
  return (
    <div className="table-scroll rows-box skeleton" aria-hidden="true">
      {[1, 2, 3, 4].map((row) => (
        <div key={row} className="skeleton-row">
          <span className="skeleton-picture" />
          <span className="skeleton-lines">
            <i />
            <i />
            <i />
          </span>
        </div>
      ))}
    </div>
  );
}
