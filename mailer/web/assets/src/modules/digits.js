// Digits are keys only while their <details> is open: nobody rejects a draft by a digit typed in passing.

export default function digits(details) {
  const buttons = [...details.querySelectorAll("[data-digit]")];
  const arm = () => {
    for (const button of buttons) {
      if (details.open) button.dataset.key = button.dataset.digit;
      else delete button.dataset.key;
    }
  };
  details.addEventListener("toggle", () => {
    arm();
    // Of two that wait for a digit, the one opened last gets it.
    const others = [...document.querySelectorAll("details[data-module~=digits][open]")].filter((one) => one !== details);
    if (details.open) for (const other of others) other.open = false;
  });
  arm();
}
