import "virtual:catalogue-font/console.css";
import "../ui/tokens.css";
import "../ui/base.css";
